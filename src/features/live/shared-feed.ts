import type { ChangeEvent } from "../../changes/change-event.js";
import { ChangesFeed } from "../../changes/changes-feed.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { HttpClient } from "../../http/client.js";
import type { DocumentData, Sequence, UserContext } from "../../shared/types.js";
import { type Change, changeOf, type Scope, union } from "./change.js";
import { locks, type Position, type Status, Tabs, type TabsHost } from "./tabs.js";

/** A live query, as its feed sees it. */
export interface Member {
  /** The changes that it needs. */
  readonly scope: Scope;
  /** The position up to which it has received all changes. The feed sets it when the query enters. */
  reached: Sequence | undefined;
  /** @param sequence - the position after these changes */
  receive(changes: Change[], sequence: Sequence | undefined): Promise<void>;
  /** Called when the feed's status has changed. */
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
  const isShared = Boolean(tabs && locks());
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
  /** Called when the position is known, and the feed is as wide as needed. */
  readonly #waiting: (() => void)[] = [];
  #tabs: Tabs | undefined;
  #feed: ChangesFeed | undefined;
  #scope = "";
  #sequence: Sequence | undefined;
  #delivery: Promise<unknown> = Promise.resolve();
  /** Live if all changes so far have been delivered. */
  status: Status = "loading";
  /** The reason of a lost connection, if there is one. */
  error: Error | undefined;

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
    if (this.#isShared) await this.#share();
    else this.#sequence ??= member.reached;
    this.#tabs?.ask();
    // Several queries often begin together.
    queueMicrotask(() => this.lead());
    const isKnown = this.#sequence !== undefined;
    if (!isKnown || !this.#isLeader)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const resumes = isKnown && member.reached === this.#sequence;
    member.reached = this.#sequence;
    return resumes;
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    if (this.#members.size === 0) this.#end();
    this.lead();
    this.#tabs?.ask();
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
    const { userCtx } = await client.value<{ userCtx: UserContext }>(request);
    // Another query may have asked as well, and all may have left.
    if (this.#members.size > 0)
      this.#tabs ??= new Tabs(`couchfetch ${client.base}/${path} ${userCtx.name}`, this);
  }

  #end(): void {
    this.#tabs?.close();
    this.#close();
    this.#tabs = this.#sequence = this.error = undefined;
    this.status = "loading";
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
        if (state.state === "waiting") this.#report("reconnecting", state.reason);
        else if (state.state === "live") this.#report("live");
      },
    });
    this.#feed = feed;
    this.status = "loading";
    void this.#run(feed);
  }

  #report(status: Status, error?: Error): void {
    this.status = status;
    this.error = error;
    if (this.#sequence !== undefined) for (const resolve of this.#waiting.splice(0)) resolve();
    for (const member of this.#members) member.refresh();
    if (this.#tabs?.isLeader) this.#tabs.post();
  }

  async #run(feed: ChangesFeed): Promise<void> {
    try {
      for await (const events of feed.batches()) {
        if (feed !== this.#feed) return;
        const before = this.#sequence;
        const changes = events.flatMap(toChange);
        this.#sequence = events.at(-1)?.sequence ?? before;
        this.#tabs?.post(before, changes);
        await this.receive(changes);
      }
    } catch (error) {
      if (feed !== this.#feed) return;
      const members = [...this.#members];
      this.#members.clear();
      this.#end();
      for (const member of members) member.failWith(error);
    }
  }

  position(): Position {
    return [this.#sequence, this.status, this.error?.message];
  }

  follow(...[sequence, status, message]: Position): void {
    this.#close();
    this.#sequence = sequence;
    // The same error stays the same object.
    const isSame = message === this.error?.message;
    this.#report(status, isSame ? this.error : message ? new Error(message) : undefined);
  }

  /** Deliver changes one after the other: a schema may take its time. */
  receive(changes: Change[]): Promise<unknown> {
    const sequence = this.#sequence;
    this.#delivery = this.#delivery.then(() =>
      Promise.all([...this.#members].map((member) => member.receive(changes, sequence))),
    );
    return this.#delivery;
  }

  readAgain(): void {
    for (const member of [...this.#members]) member.readAgain();
  }
}

function toChange({ id, rev, deleted, json }: ChangeEvent): Change | [] {
  if (deleted) return { id, rev };
  const doc = json.doc as DocumentData | null | undefined;
  // Null for a revision that was replaced meanwhile: another change follows.
  return doc === null ? [] : changeOf(id, rev, doc);
}
