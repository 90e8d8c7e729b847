import { type FeedSituation, isRecoverable } from "../../changes/recoverable-error.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import { callHook } from "../../http/hooks.js";
import { waitBefore } from "../../http/retry.js";
import { DocumentQueries } from "../../queries/document-queries.js";
import { checkType } from "../../shared/arguments.js";
import type { DocumentData, Sequence } from "../../shared/types.js";
import { toAsyncIterator } from "../../streams/async-iterator.js";
import type { Change, Scope } from "./change.js";
import { onNextFrame } from "./frame.js";
import type { Plan } from "./plan.js";
import { ResultSet } from "./result-set.js";
import { type Member, type SharedFeed, sharedFeed } from "./shared-feed.js";
import type { LiveDocument, LiveQuery, Snapshot } from "./types.js";

type Listener = (snapshot: Snapshot) => void;

// Milliseconds that a query without subscriptions keeps its connection: another view may follow.
const grace = 1_000;

/** The state of a live query. */
export class LiveQueryState implements LiveQuery, Member {
  readonly scope: Scope;
  reached: Sequence | undefined;
  readonly #context: DatabaseContext;
  readonly #plan: Plan;
  readonly #feed: SharedFeed;
  readonly #documents: ResultSet;
  readonly #listeners = new Set<Listener>();
  /** Runs while the query follows the database. Aborting it ends the first read. */
  #running: AbortController | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** The number of first reads in a row that have failed. */
  #failures = 0;
  #cancelFrame: (() => void) | undefined;
  /** The ids that the feed has brought during the first read, which may be older. */
  #newer: Set<string> | undefined;
  /** Whether the documents are those of the database at `sequence`, or later. */
  #isRead = false;
  /** Whether the feed has since caught up. */
  #isComplete = false;
  #lost: { error: unknown } | undefined;
  #current: Snapshot = Object.freeze({ docs: Object.freeze([]), status: "loading" });

  constructor(context: DatabaseContext, plan: Plan) {
    this.scope = plan.scope;
    this.#context = context;
    this.#plan = plan;
    this.#feed = sharedFeed(context, plan.tabs);
    this.#documents = new ResultSet(plan.compareEntries);
  }

  get current(): Snapshot {
    return this.#current;
  }

  get ready(): Promise<Snapshot> {
    const first = async () => {
      // The loop ends only here, or by the error that ends the query.
      for await (const snapshot of this) if (this.#isComplete) return snapshot;
      return this.#current;
    };
    return first();
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    checkType("listener", "function", listener);
    // The same function may be subscribed twice.
    const own: Listener = (snapshot) => void callHook(listener as Listener, snapshot);
    if (!this.#running) this.#start();
    this.#listeners.add(own);
    clearTimeout(this.#leaving);
    own(this.#current);
    return () => {
      if (!this.#listeners.delete(own) || this.#listeners.size > 0) return;
      clearTimeout(this.#leaving);
      this.#leaving = setTimeout(() => this.#stop(), grace);
    };
  };

  [Symbol.asyncIterator](): AsyncIterableIterator<Snapshot> {
    let latest: Snapshot | undefined;
    let wake = () => {};
    let stop: (() => void) | undefined;
    let isOver = false;
    const pull = async () => {
      stop ??= this.subscribe((snapshot) => {
        latest = snapshot;
        wake();
      });
      if (!latest && !isOver)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (!latest) return undefined;
      const snapshot = latest;
      latest = undefined;
      if (snapshot.status !== "closed") return [snapshot];
      stop();
      throw snapshot.error;
    };
    return toAsyncIterator(pull, {
      wasAborted: () => false,
      end() {
        isOver = true;
        stop?.();
        wake();
      },
    });
  }

  #start(): void {
    const running = new AbortController();
    this.#running = running;
    this.#isComplete = false;
    void this.#load(running).catch((error) => {
      if (running === this.#running) this.#recover(error);
    });
    this.refresh();
  }

  #stop(): void {
    clearTimeout(this.#retry);
    this.#running?.abort();
    this.#running = undefined;
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
    this.#feed.leave(this);
    if (this.#newer) this.#isRead = false;
    this.#newer = undefined;
  }

  /** Begin again after a temporary error, as a live feed does. */
  #recover(error: unknown): void {
    const { session } = this.#context.client;
    this.#failures += 1;
    const situation = { isLive: true, canResume: true, failures: this.#failures } as FeedSituation;
    if (isRecoverable(error, situation) && this.#failures <= session.feedRetries) {
      const delay = waitBefore(this.#failures, error, session.hooks);
      this.#retry = setTimeout(() => this.readAgain(), delay);
      this.#lost = { error };
      this.refresh();
    } else this.failWith(error);
  }

  /** Read the documents, unless those that are here can be brought up to date by the feed. */
  async #load({ signal }: AbortController): Promise<void> {
    this.#newer = new Set();
    const resumes = await this.#feed.enter(this);
    if (signal.aborted) return;
    if (!resumes || !this.#isRead) await this.#read(signal);
    if (signal.aborted) return;
    this.#newer = undefined;
    this.#isRead = true;
    this.#failures = 0;
    this.#lost = undefined;
    this.refresh();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const found = new Set<string>();
    const queries = new DocumentQueries({ ...this.#context, codec: undefined });
    for await (const changes of this.#plan.readParts(queries, signal)) {
      this.#lost = undefined;
      for (const { id } of changes) found.add(id);
      await this.#take(changes, (id) => !this.#newer?.has(id));
    }
    // Those of an earlier read or subscription that are no more.
    for (const id of [...this.#documents.knownIds])
      if (!found.has(id) && !this.#newer?.has(id)) this.#documents.delete(id);
  }

  async receive(changes: Change[]): Promise<void> {
    for (const { id } of changes) this.#newer?.add(id);
    try {
      await this.#take(changes);
    } catch (error) {
      this.failWith(error);
    }
  }

  /** @param isWanted - whether a document may still be replaced, after the validation */
  async #take(changes: Change[], isWanted = (_id: string) => true): Promise<void> {
    const { selects, keysOf } = this.#plan;
    const running = this.#running;
    const isRead = this.#isRead;
    // If the query stops meanwhile, these changes are missing.
    this.#isRead = false;
    const contents = await Promise.all(
      changes.map((change) => selects(change) && this.#contentOf(change)),
    );
    if (running !== this.#running) return;
    this.#isRead ||= isRead;
    for (const [at, { id, rev, doc }] of changes.entries()) {
      const content = contents[at];
      // The same revision stays the same object.
      if (!isWanted(id) || (content && this.#documents.revOf(id) === rev)) continue;
      this.#documents.delete(id);
      if (!content) continue;
      const data = Object.freeze(content) as LiveDocument["data"];
      const sortKeys = keysOf(doc as DocumentData);
      this.#documents.add({ doc: Object.freeze({ id, rev, data }), sortKeys });
    }
    this.refresh();
  }

  /** What is shown of a document; undefined for what the schema skips. */
  #contentOf({ doc }: Change): unknown {
    const { client, codec } = this.#context;
    const { pick } = this.#plan;
    // A schema cannot validate a part of a document.
    if (!doc || pick) return doc && pick?.(doc);
    return codec ? client.during({}, (operation) => codec.validateOne(doc, operation)) : doc;
  }

  /** Show what is new in the next frame. */
  refresh(): void {
    if (!this.#running) return;
    this.#cancelFrame ??= onNextFrame(() => {
      this.#cancelFrame = undefined;
      this.#show();
    });
  }

  readAgain(): void {
    this.#stop();
    this.#isRead = false;
    this.#start();
  }

  failWith(error: unknown): void {
    this.#stop();
    this.#publish(this.#current.docs, "closed", error);
  }

  #show(): void {
    const { isLive, lost = this.#lost } = this.#feed;
    const { isPartial, limit } = this.#plan;
    this.#isComplete ||= isLive && !this.#newer;
    const isShown = this.#isComplete || isPartial;
    const status = lost ? "reconnecting" : this.#isComplete ? "live" : "loading";
    this.#publish(isShown ? this.#documents.docs(limit) : this.#current.docs, status, lost?.error);
  }

  #publish(docs: Snapshot["docs"], status: Snapshot["status"], error: unknown): void {
    const before = this.#current;
    const isSame =
      docs.length === before.docs.length && docs.every((doc, at) => doc === before.docs[at]);
    if (isSame && status === before.status && error === before.error) return;
    this.#current = Object.freeze({
      docs: isSame ? before.docs : Object.freeze(docs),
      status,
      error,
    });
    for (const listener of [...this.#listeners]) listener(this.#current);
  }
}
