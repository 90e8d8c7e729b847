import { argumentError, checkTimeouts } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";

/**
 * A running operation, from its first request to its last. The user's signal, the session and the operation's
 * object can abort it. It is not an AbortSignal, which would cost a small request noticeable time.
 */
export class Operation {
  readonly #userSignal: AbortSignal | undefined;
  readonly #release: (() => void) | undefined;
  readonly #others: Set<Operation>;
  readonly #parts = new Set<Operation>();
  readonly #calls = new Set<() => void>();
  #end: { reason: unknown } | undefined;

  /** Milliseconds that the server may be silent, if the operation has its own limit. */
  readonly timeout: number | undefined;

  /**
   * @param others - the running operations: this one is added now, and removed by `end`
   * @throws the signal's reason if it has aborted already
   */
  constructor({ signal: userSignal, timeout }: OperationOptions, others: Set<Operation>) {
    checkTimeouts({ timeout });
    if (userSignal && typeof userSignal.throwIfAborted !== "function")
      throw argumentError("signal", "an AbortSignal", userSignal);
    userSignal?.throwIfAborted();
    this.timeout = timeout;
    this.#userSignal = userSignal;
    this.#release = userSignal && watch(userSignal, () => this.abort(userSignal.reason));
    this.#others = others;
    others.add(this);
  }

  get wasAborted(): boolean {
    return this.#end !== undefined;
  }

  /** The reason of the abort. */
  get reason(): unknown {
    return this.#end?.reason;
  }

  /** End the operation, and everything that waits for it. */
  abort(reason: unknown = closedError()): void {
    if (this.#end) return;
    this.#end = { reason };
    this.end();
    for (const part of this.#parts) part.abort(reason);
    for (const call of this.#calls) call();
  }

  /**
   * Begin a part of the operation, which is aborted with it. The caller must `end` it.
   *
   * @throws the reason of the abort, if the operation was aborted
   */
  part(): Operation {
    this.throwReason();
    return new Operation({ timeout: this.timeout }, this.#parts);
  }

  /** Call a function when the operation is aborted. Returns a function that cancels this. */
  onEnd(call: () => void): () => void {
    this.#calls.add(call);
    return () => this.#calls.delete(call);
  }

  /** Finish the operation, and detach it from signals that outlive it. */
  end(): void {
    this.#release?.();
    this.#others.delete(this);
  }

  /** Throw the reason of the abort itself: a runtime may reject with another error. */
  throwReason(): void {
    this.#userSignal?.throwIfAborted();
    if (this.#end) throw this.#end.reason;
  }

  /** Settle as `work` does, or reject when the operation is aborted, even if `work` ignores that. */
  race<R>(work: R | PromiseLike<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const settle = this.onEnd(() => reject(this.reason));
      Promise.resolve(work).then(resolve, reject).then(settle);
      this.throwReason();
    });
  }

  /** Wait some milliseconds. Rejects when the operation is aborted. */
  async sleep(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sleep = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await this.race(sleep).finally(() => clearTimeout(timer));
  }
}

/** The error of a closed session. */
export function closedError(): DOMException {
  return new DOMException("the session is closed", "AbortError");
}

/** The calls of a signal's only listener: Node warns of a leak from the eleventh on. */
const callsOf = /* @__PURE__ */ new WeakMap<object, Set<() => void>>();

function onAbort({ target }: { target: object | null }): void {
  for (const call of callsOf.get(target as object) ?? []) call();
}

/** Call `abort` when the signal aborts. Returns a function that cancels this. */
function watch(signal: AbortSignal, abort: () => void): () => void {
  const calls = callsOf.get(signal) ?? new Set();
  callsOf.set(signal, calls.add(abort));
  if (calls.size === 1) signal.addEventListener("abort", onAbort);
  return () => {
    calls.delete(abort);
    if (calls.size === 0) signal.removeEventListener("abort", onAbort);
  };
}
