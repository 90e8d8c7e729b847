import { type FeedSituation, isRecoverable } from "../../changes/recoverable-error.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import { callHook } from "../../http/hooks.js";
import { waitBefore } from "../../http/retry.js";
import { DocumentQueries } from "../../queries/document-queries.js";
import { checkType } from "../../shared/arguments.js";
import { TimeoutError } from "../../shared/errors.js";
import type { DocumentData, Sequence } from "../../shared/types.js";
import { toAsyncIterator } from "../../streams/async-iterator.js";
import type { Operation } from "../../streams/operation.js";
import type { Change, Scope } from "./change.js";
import { onNextFrame } from "./frame.js";
import { type Plan, readDocuments } from "./plan.js";
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
  /** Called with changes after they are applied, and with null after the database was read. */
  onChanges: ((changes: readonly Change[] | null | undefined) => void) | undefined;
  readonly #context: DatabaseContext;
  readonly #plan: Plan;
  readonly #feed: SharedFeed;
  readonly #documents: ResultSet;
  readonly #listeners = new Set<Listener>();
  /** Runs while the query follows the database. Aborting it ends the first read. */
  #running: AbortController | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  /** Whether the next frame shows what is new. */
  #isDue = false;
  /** The ids that the feed has brought during the first read, which may be older. */
  #newer: Set<string> | undefined;
  /** Whether the documents are those of the database at `sequence`, or later. */
  #isRead = false;
  /** Whether the feed has since caught up: only then are new documents shown. */
  isComplete = false;
  /** The error of the first read, which is retried. */
  #error: unknown;
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
      for await (const _ of this) if (this.isComplete) break;
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
      this.#leaving = setTimeout(() => this.#stop(), grace);
    };
  };

  [Symbol.asyncIterator](): AsyncIterableIterator<Snapshot> {
    let latest: Snapshot | undefined;
    let wake = () => {};
    let stop: (() => void) | undefined;
    const pull = async () => {
      stop ??= this.subscribe((snapshot) => {
        latest = snapshot;
        wake();
      });
      if (!latest)
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
        stop?.();
        wake();
      },
    });
  }

  #start(): void {
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    this.#newer = new Set();
    this.isComplete = false;
    this.#context.client
      .during({ signal }, (operation) => this.#load(operation, signal))
      .catch((error) => {
        if (running === this.#running) this.failWith(error);
      });
    // At once: what is shown may be old.
    this.show();
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#feed.leave(this);
    if (this.#newer) this.#isRead = false;
    this.#newer = this.#error = undefined;
  }

  /** Read the documents, unless the feed can bring those that are here up to date. Retries as a live feed does. */
  async #load(operation: Operation, signal: AbortSignal): Promise<void> {
    const { session } = this.#context.client;
    for (let failures = 1; this.#newer; failures += 1) {
      try {
        const resumes = await operation.race(this.#feed.enter(this));
        if (!resumes || !this.#isRead) await this.#read(signal, this.#newer);
        operation.throwReason();
        this.#newer = this.#error = undefined;
        this.#isRead = true;
      } catch (error) {
        const situation = { isLive: true, canResume: true, failures } as FeedSituation;
        if (failures > session.feedRetries || !isRecoverable(error, situation)) throw error;
        // The server would begin the query again.
        if (this.#plan.selector && error instanceof TimeoutError) throw error;
        this.#error = error;
        this.refresh();
        await operation.sleep(waitBefore(failures, error, session.hooks));
      }
    }
    this.refresh(null);
  }

  async #read(signal: AbortSignal, newer: Set<string>): Promise<void> {
    const found = new Set<string>();
    const queries = new DocumentQueries({ ...this.#context, codec: undefined });
    for await (const changes of readDocuments(queries, signal, this.#plan)) {
      this.#error = undefined;
      for (const { id } of changes) found.add(id);
      await this.#take(changes, newer);
    }
    // Those of an earlier read or subscription that are no more.
    for (const id of [...this.#documents.byId.keys()])
      if (!found.has(id) && !newer.has(id)) this.#documents.delete(id);
  }

  async receive(changes: Change[], sequence: Sequence | undefined): Promise<void> {
    for (const { id } of changes) this.#newer?.add(id);
    await this.#take(changes, undefined, sequence).catch((error) => this.failWith(error));
  }

  /**
   * @param newer - the ids of documents that are not replaced; they may come during the validation
   * @param sequence - the position after the changes of a feed
   */
  async #take(changes: Change[], newer?: Set<string>, sequence?: Sequence): Promise<void> {
    const { selects, keysOf } = this.#plan;
    const running = this.#running;
    const contents = await Promise.all(
      changes.map((change) => selects(change) && this.#contentOf(change)),
    );
    // A query that stops meanwhile has not received them.
    if (running !== this.#running) return;
    this.reached = sequence ?? this.reached;
    for (const [at, { id, rev, doc }] of changes.entries()) {
      const content = contents[at];
      // The same revision stays the same object.
      if (newer?.has(id) || (content && this.#documents.byId.get(id)?.doc.rev === rev)) continue;
      this.#documents.delete(id);
      if (!content) continue;
      const data = Object.freeze(content) as LiveDocument["data"];
      const sortKeys = keysOf(doc as DocumentData);
      this.#documents.add({ doc: Object.freeze({ id, rev, data }), sortKeys });
    }
    this.refresh(changes);
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
  refresh(changes?: readonly Change[] | null): void {
    this.onChanges?.(changes);
    if (this.#isDue) return;
    this.#isDue = true;
    onNextFrame(() => {
      this.#isDue = false;
      if (this.#running) this.show();
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

  /** Show what is new. */
  show(): void {
    const { status, error = this.#error } = this.#feed;
    const { partial, limit } = this.#plan;
    const isLost = error || status === "reconnecting";
    this.isComplete ||= status === "live" && !this.#newer;
    const isShown = this.isComplete || partial;
    this.#publish(
      isShown ? this.#documents.docs(limit) : this.#current.docs,
      isLost ? "reconnecting" : this.isComplete ? "live" : "loading",
      error,
    );
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
