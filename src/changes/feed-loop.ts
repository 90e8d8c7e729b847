import type { HttpClient } from "../http/client.js";
import type { Call } from "../http/request.js";
import { backoff, waitBefore } from "../http/retry.js";
import {
  CouchDBError,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  ServerError,
  UnauthorizedError,
} from "../shared/errors.js";
import type { Sequence } from "../shared/types.js";
import { type Batch, mapped, type Pull, type Source } from "../streams/batch.js";
import type { Operation } from "../streams/operation.js";
import type { FeedKind, FeedState } from "./feed-options.js";

/** What a feed reads, and what it makes of that. */
export interface FeedSource<E> {
  readonly client: HttpClient;
  /** Whether it can go on after its last event. */
  readonly resumes: boolean;
  toCall(query: {
    feed: FeedKind | undefined;
    heartbeat: number | undefined;
    since: Sequence | undefined;
    limit: number | undefined;
  }): Call;
  toEvent(row: unknown, text: string): E;
  /** Its rows, as they are let in; those that are not are a SkippedChange. */
  admitting?(rows: Source<Batch>, operation: Operation): Source<Batch>;
  /** Whether some may not be. */
  readonly skips?: boolean;
  sequenceOf(event: E): Sequence | null;
  /**
   * Looks whether what is followed is still what it was.
   *
   * @param timeout - milliseconds
   * @throws NotFoundError if it is not
   */
  check?(operation: Operation, timeout: number): Promise<void>;
}

/** A change that is not handed over, but was passed. */
export class SkippedChange {
  readonly sequence: Sequence | null;

  constructor({ seq }: { seq: Sequence | null }) {
    this.sequence = seq;
  }
}

/** Who follows, from where, and what is told to them. */
export interface Follower {
  readonly feed: FeedKind;
  readonly limit: number;
  /** Milliseconds; of a normal feed, perhaps none. */
  readonly heartbeat: number | undefined;
  readonly operation: Operation;
  /** Where to begin. */
  place(): Promise<Sequence | undefined>;
  /** The feed stands there, though no event has. */
  moveTo(sequence: Sequence): void;
  tell(state: FeedState): void;
}

const defaultHeartbeat = 10_000;
// So many heartbeats without a byte mean that nobody is there.
const patience = 2.5;

/**
 * The events of a feed, over as many answers as it takes. After what may pass, a live feed asks again from
 * the last event that was handed over, and so does a normal one that was cut off.
 */
export function follow<E>(source: FeedSource<E>, follower: Follower): Pull<E[]> {
  const { client, resumes, skips = false } = source;
  const { feed, limit, heartbeat = defaultHeartbeat, operation, tell } = follower;
  const isLive = feed !== "normal";
  const silence = heartbeat * patience;
  const retries = isLive ? client.feedRetries : client.retries;
  let isPlaced = false;
  /** After the last event that was handed over: the next answer begins there. */
  let position: Sequence | undefined;
  let given = 0;
  /** All that was read, and a place after the last event that was handed over. */
  let taken = 0;
  let passed: Sequence | undefined;
  let answer: Source<E[]> | undefined;
  let connection: Operation | undefined;
  /** How many had been read before this answer, where it began, and when it was asked for. */
  let takenBefore = 0;
  let begin: Sequence | undefined;
  let asked = 0;
  /** When the server began the answer, by the clock; Infinity if it has not. */
  let answered = Number.POSITIVE_INFINITY;
  let isConnected = false;
  /** Whether it was CouchDB once: what is there now may pass. */
  let wasConnected = false;
  let isRenewed = false;
  /** Whether something else may have the same name by now. */
  let isInDoubt = true;
  let failures = 0;

  const pass = () => {
    if (passed !== undefined) follower.moveTo(passed);
    passed = undefined;
  };

  const onAnswer = () => {
    if (!isConnected) tell({ state: "live" });
    isConnected = wasConnected = true;
    isRenewed = false;
    answered = Date.now();
  };

  const open = async (): Promise<Source<E[]>> => {
    takenBefore = taken;
    begin = position;
    if (!isConnected) tell({ state: "connecting" });
    if (!isPlaced) position = await follower.place();
    isPlaced = true;
    if (isLive && isInDoubt) await source.check?.(operation, silence);
    begin = position;
    asked = Date.now();
    // A live feed from now on begins with an answer that ends: its `last_seq` is a place to come back to,
    // however early the connection is lost.
    const kind = position === "now" ? "normal" : feed;
    const call: Call = {
      ...source.toCall({
        feed: kind === "normal" ? undefined : kind,
        heartbeat: kind === "normal" ? follower.heartbeat : heartbeat,
        since: position,
        // How many it takes until so many are let in, nobody knows.
        limit: Number.isFinite(limit) && !skips ? limit - given : undefined,
      }),
      ...(isLive ? { timeout: silence, silence, once: true } : {}),
      ...(kind === feed ? { onResponse: onAnswer } : {}),
    };
    connection = operation.part();
    const rows =
      kind === "continuous"
        ? client.lines(call, connection)
        : client.rows(call, "results", connection);
    const admitted = source.admitting?.(rows, operation) ?? rows;
    return mapped<E>(admitted, ({ rows, texts }, events) => {
      for (const [index, row] of rows.entries()) {
        if (given >= limit) return;
        taken += 1;
        if (row instanceof SkippedChange) {
          passed = row.sequence ?? passed;
          position = row.sequence ?? position;
          if (events.length === 0) pass();
          continue;
        }
        if (Object(row) !== row) {
          const reason = "answered with a change that is none";
          throw client.error(InvalidResponseError, call, { status: 200, reason });
        }
        const { error, reason } = row as { error?: string; reason?: string };
        if (error !== undefined) throw client.error(ServerError, call, { error, reason });
        const event = source.toEvent(row, texts[index] as string);
        // With `seq_interval` most are null.
        position = source.sequenceOf(event) ?? position;
        given += 1;
        passed = undefined;
        events.push(event);
      }
    });
  };

  /** Milliseconds before the next answer is asked for. */
  const pause = async (delay: number, reason?: CouchDBError) => {
    isConnected = false;
    tell(reason ? { state: "waiting", delay, reason } : { state: "waiting", delay });
    await operation.sleep(delay);
  };

  /** Counts the tries on end that brought nothing: neither progress, nor a connection that held. */
  const count = (isNothing: boolean) => {
    const held = answered < Number.POSITIVE_INFINITY && Date.now() - asked >= heartbeat;
    answered = Number.POSITIVE_INFINITY;
    // Of a number, the user's parser may make another object each time.
    if (held || `${position}` !== `${begin}`) failures = 0;
    if (isNothing) failures += 1;
  };

  const hangUp = () => {
    answer = undefined;
    connection?.abort();
    connection?.end();
  };

  const end = async ({ summary }: Source<E[]>): Promise<void> => {
    hangUp();
    position = summary.last_seq ?? position;
    if (position !== undefined) follower.moveTo(position);
    if (!isLive) return;
    const isEmpty = taken === takenBefore;
    const isPinned = begin === "now";
    // A database that was created less than a second later could not be told apart.
    const isOld = Date.now() - answered >= 1_000;
    isInDoubt = !isPinned && (feed === "continuous" || isEmpty || isOld);
    isConnected = isConnected && feed === "longpoll";
    wasConnected = true;
    count(isEmpty && !isPinned);
    // A server that ends its answers at once is not to be hammered.
    if (failures > 0) await pause(backoff(failures));
  };

  /** After what may pass. */
  const recover = async (error: unknown): Promise<void> => {
    // What has not begun as CouchDB's is somebody's in between.
    const isForeign = answered === Number.POSITIVE_INFINITY;
    hangUp();
    count(true);
    if (!mayPass(error, isForeign) || failures > retries) throw error;
    if (error instanceof UnauthorizedError) isRenewed = true;
    isInDoubt = true;
    await pause(waitBefore(failures, error), error);
  };

  const mayPass = (error: unknown, isForeign: boolean): error is CouchDBError => {
    if (error instanceof IncompleteResponseError) return resumes || given === 0;
    if (!isLive || !(error instanceof CouchDBError)) return false;
    if (error instanceof NetworkError || error instanceof ServerError) return true;
    if (error.status === 408 || error.status === 429) return true;
    if (!wasConnected) return false;
    // CouchDB's own answer may have been spoilt on its way, but would not be each time.
    if (error instanceof InvalidResponseError) return isForeign || failures === 1;
    return error instanceof UnauthorizedError && !isRenewed;
  };

  return async () => {
    // Who asks for more has finished with all before it.
    pass();
    for (;;) {
      operation.throwIfEnded();
      // What comes after the last one, a live feed need not wait for.
      if (given >= limit && (isLive || !answer || skips)) return undefined;
      try {
        answer ??= await open();
        const events = await answer.next();
        operation.throwIfEnded();
        if (events) {
          if (!isConnected) onAnswer();
          return events;
        }
        await end(answer);
        if (!isLive) return undefined;
      } catch (error) {
        operation.throwIfEnded();
        await recover(error);
      }
    }
  };
}
