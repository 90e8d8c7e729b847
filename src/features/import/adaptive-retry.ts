import { backoff, mayPass } from "../../http/retry.js";
import {
  CouchDBError,
  NetworkError,
  ServerError,
  TooManyRequestsError,
} from "../../shared/errors.js";
import type { Operation } from "../../streams/operation.js";

/** Bears with a server that is away, or asks for rest, for all who ask it at once. */
export class AdaptiveRetry {
  readonly #operation: Operation;
  readonly #most: number;
  readonly #limit: number;
  #atOnce: number;
  #underWay = 0;
  #waiting: (() => void)[] = [];
  /** Before when nothing is to be sent, as `Date.now` has it. */
  #restUntil = 0;
  /** Tries on end that failed: those at once are one. */
  #failures = 0;
  #round = 0;
  #isAtAnEnd = false;

  /**
   * @param most - requests at once
   * @param limit - tries on end that may fail
   */
  constructor(operation: Operation, most: number, limit: number) {
    this.#operation = operation;
    this.#most = this.#atOnce = most;
    this.#limit = limit;
  }

  /** How many requests at once the server bears for now. */
  get concurrency(): number {
    return Math.floor(this.#atOnce);
  }

  /** What fails from now on has failed. */
  stop(): void {
    this.#isAtAnEnd = true;
  }

  /**
   * Does what may fail for a while, again and again until it does not.
   *
   * @param failed - called when it did, and will be done again
   */
  async run<R>(work: () => Promise<R>, failed?: (error: CouchDBError) => void): Promise<R> {
    for (;;) {
      await this.#turn();
      const round = this.#round;
      try {
        const result = await work();
        this.#failures = 0;
        this.#round += 1;
        this.#atOnce = Math.min(this.#atOnce + 0.5, this.#most);
        return result;
      } catch (error) {
        this.#operation.throwIfAborted();
        if (!(error instanceof CouchDBError) || !this.#bears(error, round)) throw error;
        failed?.(error);
      } finally {
        this.#underWay -= 1;
        for (const wake of this.#waiting.splice(0)) wake();
      }
    }
  }

  /** Waits until the server has had its rest, and until it bears one more. */
  async #turn(): Promise<void> {
    await this.#operation.sleep(Math.max(this.#restUntil - Date.now(), 0));
    while (this.#underWay >= this.concurrency || Date.now() < this.#restUntil) {
      const isFull = this.#underWay >= this.concurrency;
      const turn = new Promise<void>((resolve) => void this.#waiting.push(resolve));
      await (isFull
        ? this.#operation.race(turn)
        : this.#operation.sleep(this.#restUntil - Date.now()));
    }
    this.#underWay += 1;
  }

  /** Has all wait, if what failed may pass. */
  #bears(error: CouchDBError, round: number): boolean {
    if (round === this.#round) {
      this.#round += 1;
      this.#failures += 1;
    }
    const isPassing = mayPass(error) || error instanceof NetworkError;
    if (!isPassing || this.#failures > this.#limit || this.#isAtAnEnd) return false;
    const isBusy = error instanceof TooManyRequestsError || error instanceof ServerError;
    if (isBusy) this.#atOnce = Math.max(this.#atOnce / 2, 1);
    const wait = error.retryAfter || backoff(this.#failures);
    this.#restUntil = Math.max(this.#restUntil, Date.now() + wait);
    return true;
  }
}
