import { Component, type ReactNode } from "react";
import { explain } from "./explain.js";

interface Props {
  children: ReactNode;
  onError?: (error: unknown) => void;
}

/** Shows what its children have thrown, in their place. */
export class ErrorBoundary extends Component<Props> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidCatch(error: unknown) {
    this.props.onError?.(error);
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div role="alert" className="row">
        {explain(error)}
        <button type="button" onClick={() => location.reload()}>
          Try again
        </button>
      </div>
    );
  }
}
