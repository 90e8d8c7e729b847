import { Component, type ReactNode } from "react";
import { explain } from "./explain.js";

/** Shows what its children have thrown, in their place. */
export class ErrorBoundary extends Component<{ children: ReactNode }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error === undefined ? this.props.children : <p role="alert">{explain(error)}</p>;
  }
}
