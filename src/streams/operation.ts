/**
 * An operation under way, from its first request to its last, that everything which may end it leads to:
 * the user's signal, the session, and the object that carries it out. No AbortSignal: one of these
 * costs a small request a noticeable part of its time.
 */
export class Operation {
  readonly #userSignal: AbortSignal | undefined;
  readonly #release: (() => void) | undefined;
  readonly #others: Set<Operation>;
  readonly #parts = new Set<Operation>();
  readonly #calls = new Set<() => void>();
  #end: { reason: unknown } | undefined;

  /**
   * @param others - the session's flights, this one among them until it lands
   * @throws the signal's reason, if it has aborted already
   */
  constructor(userSignal: AbortSignal | undefined, others: Set<Operation>) {
    userSignal?.throwIfAborted();
    this.#userSignal = userSignal;
    this.#release = userSignal && watch(userSignal, () => this.abort(userSignal.reason));
    this.#others = others;
    others.add(this);
  }

  get aborted(): boolean {
    return this.#end !== undefined;
  }

  /** Why it was ended. */
  get reason(): unknown {
    return this.#end?.reason;
  }

  abort(reason: unknown = closedError()): void {
    if (this.#end) return;
    this.#end = { reason };
    for (const part of this.#parts) part.abort(reason);
    for (const call of this.#calls) call();
  }

  /**
   * A part of it, which ends with it, or by itself before, and must `land`.
   *
   * @throws the reason that the operation was ended for, if it was
   */
  part(): Operation {
    this.throwIfAborted();
    return new Operation(undefined, this.#parts);
  }

  /** Calls when the operation is ended, until the function that it returns is called. */
  onEnd(call: () => void): () => void {
    this.#calls.add(call);
    return () => this.#calls.delete(call);
  }

  /** Lets go of the signals that outlive the operation. */
  end(): void {
    this.#release?.();
    this.#others.delete(this);
  }

  /** Throws the reason that the operation was ended for: a runtime may put its own in its place. */
  throwIfAborted(): void {
    this.#userSignal?.throwIfAborted();
    if (this.#end) throw this.#end.reason;
  }

  /** Settles as `work` does, or as soon as the operation is ended: `work` may be deaf. */
  race<R>(work: PromiseLike<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const end = () => {
        try {
          this.throwIfAborted();
        } catch (reason) {
          reject(reason);
        }
      };
      end();
      const settle = this.onEnd(end);
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
  return new DOMException("the session is closed", "AbortError");
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
