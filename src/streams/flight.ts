/**
 * An operation under way, from its first request to its last, with the one signal that everything
 * which may end it leads to: the user's signal, the session, and the object that carries it out.
 * (`AbortSignal.any` would hold on to signals that outlive it.)
 */
export class Flight {
  readonly #controller = new AbortController();
  readonly #userSignal: AbortSignal | undefined;
  readonly #land: () => void;

  /**
   * @param others - the session's flights, this one among them until it lands
   * @throws the signal's reason, if it has aborted already
   */
  constructor(userSignal: AbortSignal | undefined, others: Set<Flight>) {
    userSignal?.throwIfAborted();
    this.#userSignal = userSignal;
    const release = userSignal && watch(userSignal, () => this.abort(userSignal.reason));
    others.add(this);
    this.#land = () => {
      release?.();
      others.delete(this);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown = closedError()): void {
    this.#controller.abort(reason);
  }

  /** Lets go of the signals that outlive the operation. */
  land(): void {
    this.#land();
  }

  /** Throws the reason that the operation was ended for: a runtime may put its own in its place. */
  throwIfEnded(): void {
    this.#userSignal?.throwIfAborted();
    this.signal.throwIfAborted();
  }

  /** Settles as `work` does, or as soon as the operation is ended: `work` may be deaf. */
  race<R>(work: PromiseLike<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const end = () => {
        try {
          this.throwIfEnded();
        } catch (reason) {
          reject(reason);
        }
      };
      end();
      this.signal.addEventListener("abort", end);
      const settle = () => this.signal.removeEventListener("abort", end);
      work.then(resolve, reject).then(settle);
    });
  }

  /** Waits so many milliseconds, or until the operation is ended. */
  async sleep(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sleep = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await this.race(sleep).finally(() => clearTimeout(timer));
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
