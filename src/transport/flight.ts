/** What a request may be ended by, other than itself. */
export interface FlightSignals {
  /** The user's signal. */
  signal?: AbortSignal | undefined;
  /** The object that made the request: a feed that is closed. */
  owner?: AbortSignal | undefined;
}

/**
 * A request under way, with the one signal that everything which may end it leads to: the user, the
 * object that made it, the session. (`AbortSignal.any` would hold on to signals that outlive it.)
 */
export class Flight {
  readonly #controller = new AbortController();
  readonly #signals: FlightSignals;
  readonly #release: () => void;

  /** @param others - the session's flights, this one among them until it lands */
  constructor(signals: FlightSignals, others: Set<Flight>) {
    signals.signal?.throwIfAborted();
    signals.owner?.throwIfAborted();
    this.#signals = signals;
    const abort = () => this.abort();
    const releases = [signals.signal, signals.owner].map(
      (signal) => signal && watch(signal, abort),
    );
    others.add(this);
    this.#release = () => {
      for (const release of releases) release?.();
      others.delete(this);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** Lets go of the signals that outlive the request. */
  land(): void {
    this.#release();
  }

  /** Throws the reason that the request was ended for: a runtime may put its own in its place. */
  throwIfEnded(): void {
    if (!this.signal.aborted) return;
    this.#signals.signal?.throwIfAborted();
    this.#signals.owner?.throwIfAborted();
    throw closedError();
  }
}

/** What a closed session rejects with. */
export function closedError(): DOMException {
  return new DOMException("This session is closed", "AbortError");
}

/** The one listener of a signal: Node warns of a leak at the eleventh. */
class Listener {
  readonly calls = new Set<() => void>();

  handleEvent(): void {
    for (const call of this.calls) call();
  }
}

const listeners = /* @__PURE__ */ new WeakMap<AbortSignal, Listener>();

/** Calls `abort` when the signal aborts, until the function that it returns is called. */
function watch(signal: AbortSignal, abort: () => void): () => void {
  const listener = listeners.get(signal) ?? new Listener();
  if (listener.calls.size === 0) {
    listeners.set(signal, listener);
    signal.addEventListener("abort", listener);
  }
  listener.calls.add(abort);
  return () => {
    listener.calls.delete(abort);
    if (listener.calls.size === 0) signal.removeEventListener("abort", listener);
  };
}
