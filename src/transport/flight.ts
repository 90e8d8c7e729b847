/** What a request may be ended by, other than itself. */
export interface FlightSignals {
  /** The user's signal. */
  signal?: AbortSignal | undefined;
  /** The object that made the request: a feed that is closed. */
  owner?: AbortSignal | undefined;
}

/**
 * A request under way, with the one signal that everything which may end it leads to: the user, the
 * object that made it, the session. (`AbortSignal.any` would hold on to a signal that outlives it.)
 */
export class Flight {
  readonly #controller = new AbortController();
  readonly #signals: FlightSignals;
  readonly #others: Set<Flight>;
  readonly #abort = () => this.#controller.abort();

  /** @param others - the session's flights, this one among them until it lands */
  constructor(signals: FlightSignals, others: Set<Flight>) {
    signals.signal?.throwIfAborted();
    signals.owner?.throwIfAborted();
    this.#signals = signals;
    this.#others = others;
    signals.signal?.addEventListener("abort", this.#abort, { once: true });
    signals.owner?.addEventListener("abort", this.#abort, { once: true });
    others.add(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(): void {
    this.#abort();
  }

  /** Lets go of the signals that outlive the request. */
  land(): void {
    this.#signals.signal?.removeEventListener("abort", this.#abort);
    this.#signals.owner?.removeEventListener("abort", this.#abort);
    this.#others.delete(this);
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
