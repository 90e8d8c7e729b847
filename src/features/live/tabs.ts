import type { Sequence } from "../../shared/types.js";
import { type Change, type Scope, union } from "./change.js";

/** The status of a feed. */
export type Status = "loading" | "live" | "reconnecting";

/** The position of a feed, its status, and the message of the error that has cut the connection. */
export type Position = [
  sequence: Sequence | undefined,
  status: Status,
  message: string | undefined,
];

/** Sent by a tab that does not hold the connection: what it needs; undefined when it closes. */
type Wanted = [from: string, scope?: Scope];

/** Sent by the tab that holds the connection: its scope, the changes, and the sequence before these. */
type News = [
  epoch: number,
  scope: Scope,
  position: Position,
  before: Sequence | undefined,
  changes: Change[],
];

/** What a feed does for its tabs. */
export interface TabsHost {
  /** What the queries of this tab need. */
  readonly need: Scope;
  position(): Position;
  /** Called when this tab holds the connection, or when `scope` has changed. */
  lead(): void;
  /** Called when another tab has the connection. */
  follow(...position: Position): void;
  receive(changes: Change[]): void;
  /** Called when this tab may have missed changes. */
  readAgain(): void;
}

// Milliseconds. A tab that holds the connection and is not frozen responds at once.
const askEvery = 400;
const longestSilence = 1_200;

/** The lock manager, where there are tabs. */
export const locks = (): LockManager | undefined =>
  globalThis.BroadcastChannel && globalThis.navigator?.locks;

/**
 * One of several tabs that share a connection: the one that holds a lock has it, and the others receive its changes
 * through a channel. A visible tab takes the lock from one that is silent.
 */
export class Tabs {
  readonly #name: string;
  readonly #host: TabsHost;
  readonly #id = crypto.randomUUID();
  readonly #channel: BroadcastChannel;
  readonly #timer: ReturnType<typeof setInterval>;
  /** What the other tabs need. */
  readonly #others = new Map<string, Scope>();
  readonly #closing = new AbortController();
  #release: (() => void) | undefined;
  #epoch = 0;
  #heardAt = Date.now();

  /** @param name - of the server, the database and the user */
  constructor(name: string, host: TabsHost) {
    this.#name = name;
    this.#host = host;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Wanted | News>) => {
      if (data.length > 2) this.#hear(...(data as News));
      else if (this.isLeader) this.#answer(...(data as Wanted));
    };
    this.#timer = setInterval(() => this.ask(), askEvery);
    this.#seek();
  }

  get isLeader(): boolean {
    return this.#release !== undefined;
  }

  /** What all tabs need. */
  get scope(): Scope {
    return union([this.#host.need, ...this.#others.values()]);
  }

  /** Send changes to the other tabs, or only the position. */
  post(before = this.#host.position()[0], changes: Change[] = []): void {
    this.#send([this.#epoch, this.scope, this.#host.position(), before, changes]);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#send([this.#id]);
    this.#channel.close();
    this.#closing.abort();
    this.#release?.();
  }

  #send(message: Wanted | News): void {
    this.#channel.postMessage(message);
  }

  /** Wait for the lock, or take it. */
  #seek(steal = false): void {
    const { signal } = this.#closing;
    let hasHeld = false;
    const hold = () =>
      new Promise<void>((resolve) => {
        if (signal.aborted) return resolve();
        hasHeld = true;
        this.#release = resolve;
        this.#epoch = Math.floor(this.#epoch) + 1 + Math.random();
        this.#host.lead();
        this.post();
      });
    locks()
      ?.request(this.#name, steal ? { steal } : { signal }, hold)
      .catch(() => {
        if (signal.aborted) return;
        // A page without an origin of its own has no locks, and no other tabs.
        if (!hasHeld) return hold();
        // Another tab has taken the lock.
        this.#release = undefined;
        this.#others.clear();
        this.#heardAt = Date.now();
        this.#host.follow(...this.#host.position());
        this.#seek();
      });
  }

  /** As another tab: ask the one with the connection for a sign of life. */
  ask(): void {
    if (this.isLeader) return;
    const { document } = globalThis as { document?: { visibilityState: string } };
    const isLate = Date.now() - this.#heardAt > longestSilence;
    if (isLate && document?.visibilityState !== "hidden") this.#seek(true);
    else this.#send([this.#id, this.#host.need]);
  }

  /** As the tab with the connection. */
  #answer(...[from, scope]: Wanted): void {
    this.#others.delete(from);
    if (scope) this.#others.set(from, scope);
    this.#host.lead();
    this.post();
  }

  /** As another tab. */
  #hear(...[epoch, scope, position, before, changes]: News): void {
    if (epoch < this.#epoch || this.isLeader) return;
    this.#epoch = epoch;
    this.#heardAt = Date.now();
    // Not yet what this tab needs.
    if (position[0] === undefined) return;
    if (JSON.stringify(union([scope, this.#host.need])) !== JSON.stringify(scope)) return;
    const [known] = this.#host.position();
    const isGap = known !== undefined && known !== before;
    this.#host.follow(...position);
    if (isGap) this.#host.readAgain();
    else this.#host.receive(changes);
  }
}
