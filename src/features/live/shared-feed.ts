import type { ChangeEvent } from "../../changes/change-event.js";
import { ChangesFeed } from "../../changes/changes-feed.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { HttpClient } from "../../http/client.js";
import type { DocumentData, Sequence, UserContext } from "../../shared/types.js";
import { type Change, type Scope, union } from "./change.js";
import { locks, type Position, Tabs, type TabsHost } from "./tabs.js";

/** A live query, as its feed sees it. */
export interface Member {
  /** The changes that it needs. */
  readonly scope: Scope;
  /** The position up to which it has received all changes. */
  reached: Sequence | undefined;
  receive(changes: Change[]): Promise<void>;
  /** Called when `isLive` or `lost` has changed. */
  refresh(): void;
  /** Called when changes may have been missed: read the documents again. */
  readAgain(): void;
  /** Called with the error that has ended the feed. */
  failWith(error: unknown): void;
}

const feeds = /* @__PURE__ */ new WeakMap<HttpClient, Record<string, SharedFeed>>();

/** The feed that the live queries of a database and session share. */
export function sharedFeed(context: DatabaseContext, tabs: boolean | undefined): SharedFeed {
  const { client, path } = context;
  const isShared = tabs === true && locks() !== undefined;
  const own = feeds.get(client) ?? {};
  feeds.set(client, own);
  const key = `${path} ${isShared}`;
  own[key] ??= new SharedFeed({ ...context, codec: undefined }, isShared);
  return own[key];
}

/** One continuous feed for all live queries of a database, no wider than they need. */
export class SharedFeed implements TabsHost {
  readonly #context: DatabaseContext;
  readonly #isShared: boolean;
  readonly #members = new Set<Member>();
  /** Resolves when the position is known. */
  #opened: Promise<void> | undefined;
  #open = () => {};
  #tabs: Tabs | undefined;
  #feed: ChangesFeed | undefined;
  #scope = "";
  #sequence: Sequence | undefined;
  #delivery: Promise<unknown> = Promise.resolve();
  /** Whether all changes so far have been delivered. */
  isLive = false;
  /** The connection is lost, because of this error. */
  lost: { error: unknown } | undefined;

  /**
   * @param context - without a codec: each query has its own
   * @param isShared - whether all tabs share it
   */
  constructor(context: DatabaseContext, isShared: boolean) {
    this.#context = context;
    this.#isShared = isShared;
  }

  /**
   * Deliver changes to a query from now on. Resolves when the position is known from which on it does.
   *
   * @returns whether the query has received all changes before
   */
  async enter(member: Member): Promise<boolean> {
    this.#members.add(member);
    if (!this.#isShared) this.#sequence ??= member.reached;
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve;
    });
    if (this.#isShared) await this.#share();
    await this.#tabs?.want();
    // Several queries often begin together.
    queueMicrotask(() => this.lead());
    const isKnown = this.#sequence !== undefined;
    if (!isKnown) await this.#opened;
    return isKnown && member.reached === this.#sequence;
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    member.reached = this.#sequence;
    if (this.#members.size === 0) this.#end();
    else if (this.#isLeader) this.lead();
    else void this.#tabs?.want();
  }

  get #isLeader(): boolean {
    return this.#tabs?.isLeader ?? true;
  }

  get need(): Scope {
    return union([...this.#members].map(({ scope }) => scope));
  }

  /** Find out with whom to share the connection. */
  async #share(): Promise<void> {
    if (this.#tabs) return;
    const { client, path } = this.#context;
    const request = { method: "GET", path: "_session", expects: "userCtx" } as const;
    const running = this.#opened;
    const { userCtx } = await client.value<{ userCtx: UserContext }>(request);
    // Another query may have asked as well, and all may have left.
    if (running === this.#opened)
      this.#tabs ??= new Tabs(`couchfetch ${client.base}/${path} ${userCtx.name}`, this);
  }

  #end(): void {
    this.#tabs?.close();
    this.#close();
    this.#opened = this.#tabs = this.#sequence = this.lost = undefined;
    this.isLive = false;
  }

  #close(): void {
    void this.#feed?.close();
    this.#feed = undefined;
  }

  /** Open the feed, or another one if the queries need more changes than before, or less. */
  lead(): void {
    if (this.#members.size === 0 || !this.#isLeader) return;
    const scope = this.#tabs?.scope ?? this.need;
    const text = JSON.stringify(scope);
    if (this.#feed && text === this.#scope) return;
    this.#close();
    this.#scope = text;
    const feed: ChangesFeed = new ChangesFeed(this.#context, {
      ...scope,
      feed: "continuous",
      since: this.#sequence ?? "now",
      onState: (state) => {
        if (feed !== this.#feed) return;
        this.#sequence ??= feed.sequence;
        if (state.state === "waiting") this.#report(false, { error: state.reason });
        else if (state.state === "live") this.#report(true);
      },
    });
    this.#feed = feed;
    this.isLive = false;
    void this.#run(feed, scope.include_docs);
  }

  #report(isLive: boolean, lost?: { error: unknown }): void {
    this.isLive = isLive;
    this.lost = lost;
    if (this.#sequence !== undefined) this.#open();
    for (const member of this.#members) member.refresh();
    if (this.#tabs?.isLeader) this.#tabs.post();
  }

  async #run(feed: ChangesFeed, hasDocs: boolean): Promise<void> {
    try {
      for await (const events of feed.batches()) {
        if (feed !== this.#feed) return;
        const before = this.#sequence;
        const changes = events.flatMap((event) => toChange(event, hasDocs));
        this.#sequence = events.at(-1)?.sequence ?? before;
        this.#tabs?.post(before, changes);
        await this.receive(changes);
      }
    } catch (error) {
      if (feed === this.#feed) this.#fail(error);
    }
  }

  position(): Position {
    const { isLive, lost } = this;
    return [this.#sequence, isLive, lost && String(Object(lost.error).message)];
  }

  follow(...[sequence, isLive, lost]: Position): void {
    this.#close();
    this.#sequence = sequence;
    const error = lost === this.position()[2] ? this.lost : { error: new Error(lost) };
    this.#report(isLive, lost === undefined ? lost : error);
  }

  /** Deliver changes one after the other: a schema may take its time. */
  receive(changes: Change[]): Promise<unknown> {
    this.#delivery = this.#delivery.then(() =>
      Promise.all([...this.#members].map((member) => member.receive(changes))),
    );
    return this.#delivery;
  }

  readAgain(): void {
    for (const member of [...this.#members]) member.readAgain();
  }

  #fail(error: unknown): void {
    const members = [...this.#members];
    this.#members.clear();
    this.#end();
    for (const member of members) member.failWith(error);
  }
}

function toChange({ id, rev, deleted, json }: ChangeEvent, hasDocs: boolean): Change[] {
  if (deleted) return [{ id, rev }];
  const doc = (hasDocs ? json.doc : { _id: id, _rev: rev }) as DocumentData | null;
  // Null for a revision that was replaced meanwhile: another change follows.
  return doc ? [{ id, rev, doc }] : [];
}
