import { mayPass, waitBefore } from "../../http/retry.js";
import type { Session } from "../../http/send.js";
import {
  CouchDBError,
  NetworkError,
  ServerError,
  TooManyRequestsError,
} from "../../shared/errors.js";
import type { Operation } from "../../streams/operation.js";
import { isUncertainRow } from "../uncertain-row.js";

// Attempts in a row without a response, unless the session sets `retry.limit`: a server may be restarting.
const mostAttempts = 12;

/** Retries for a server that is away or overloaded, shared by concurrent requests. */
export class AdaptiveRetry {
  readonly #operation: Operation;
  readonly #most: number;
  readonly #hooks: Session["hooks"];
  #limit: number;
  #atOnce: number;
  #underWay = 0;
  #waiting: (() => void)[] = [];
  /** No request is sent before this `Date.now()` timestamp. */
  #restUntil = 0;
  /** The number of failures in a row; concurrent ones count as one. */
  #failures = 0;
  #round = 0;

  /** @param most - the maximum number of concurrent requests */
  constructor(operation: Operation, most: number, { feedRetries, hooks }: Session) {
    this.#operation = operation;
    this.#most = this.#atOnce = most;
    this.#limit = feedRetries < Infinity ? feedRetries : mostAttempts;
    this.#hooks = hooks;
  }

  /** The number of concurrent requests that the server currently handles. */
  get concurrency(): number {
    return Math.floor(this.#atOnce);
  }

  /** Stop retrying. */
  stop(): void {
    this.#limit = -1;
  }

  /**
   * Run work, and retry it after temporary errors.
   *
   * @param failed - called with an error before the work is retried
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
        this.#operation.throwReason();
        if (!(error instanceof CouchDBError) || !this.#bears(error, round)) throw error;
        failed?.(error);
      } finally {
        this.#underWay -= 1;
        for (const wake of this.#waiting.splice(0)) wake();
      }
    }
  }

  /** Wait until the delay is over and another request may be sent. */
  async #turn(): Promise<void> {
    await this.#operation.sleep(Math.max(this.#restUntil - Date.now(), 0));
    while (this.#underWay >= this.concurrency || Date.now() < this.#restUntil) {
      if (this.#underWay < this.concurrency)
        await this.#operation.sleep(this.#restUntil - Date.now());
      else
        await this.#operation.race(
          new Promise<void>((resolve) => void this.#waiting.push(resolve)),
        );
    }
    this.#underWay += 1;
  }

  /** Whether to retry after an error. If so, all requests are delayed. */
  #bears(error: CouchDBError, round: number): boolean {
    if (round === this.#round) {
      this.#round += 1;
      this.#failures += 1;
    }
    const isPassing = mayPass(error) || error instanceof NetworkError || isUncertainRow(error);
    if (!isPassing || this.#failures > this.#limit) return false;
    if (error instanceof TooManyRequestsError || error instanceof ServerError)
      this.#atOnce = Math.max(this.#atOnce / 2, 1);
    const restUntil = Date.now() + waitBefore(this.#failures, error, this.#hooks);
    this.#restUntil = Math.max(this.#restUntil, restUntil);
    return true;
  }
}
