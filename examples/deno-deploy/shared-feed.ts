import type { ChangesFeed, Database, Sequence } from "couchfetch";

type Visitor = ReadableStreamDefaultController<Uint8Array>;

const remembered = 1000;
const encoder = new TextEncoder();

/**
 * The changes of a database as Server-Sent Events: one feed for all who begin, so that CouchDB is asked once
 * for an isolate, not for each page. Who comes back goes on from what a feed remembers. For a place that none
 * does there is another feed: sequences cannot be compared, so nobody could tell which of the remembered
 * changes come after it.
 */
export class SharedFeed {
  /** Whether it is for those who begin. */
  readonly isFromNow: boolean;
  readonly #visitors = new Set<Visitor>();
  /** The last ones, and before them the place that they follow. */
  readonly #events: { place: string; bytes: Uint8Array }[];
  readonly #feed: ChangesFeed;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #onEnd: () => void;

  /** @param options - `heartbeat`: in seconds */
  constructor(
    animals: Database,
    options: { since: Sequence; isFromNow: boolean; heartbeat: number; end: () => void },
  ) {
    const { since, isFromNow, heartbeat, end } = options;
    this.isFromNow = isFromNow;
    this.#onEnd = end;
    this.#events = [{ place: `${since}`, bytes: encoder.encode() }];
    this.#feed = animals.changes({ feed: "continuous", since, include_docs: true });
    // Proxies hang up on who is silent.
    this.#timer = setInterval(() => this.#send(encoder.encode(":\n\n")), heartbeat * 1000);
    void this.#follow();
  }

  has(place: string): boolean {
    return this.#events.some((event) => event.place === place);
  }

  /** What comes after a place that it has, or from now on. */
  visit(place: string | null): ReadableStream<Uint8Array> {
    const at = place === null ? -1 : this.#events.findIndex((event) => event.place === place);
    const [last, ...missed] = this.#events.slice(at);
    let visitor: Visitor;
    const start = (controller: Visitor) => {
      visitor = controller;
      this.#visitors.add(visitor);
      // A place to come back to, also before the first event.
      visitor.enqueue(encoder.encode(`id: ${last?.place}\n\n`));
      for (const { bytes } of missed) visitor.enqueue(bytes);
    };
    const cancel = () => this.#leave(visitor);
    return new ReadableStream({ start, cancel }, { highWaterMark: 2 * remembered });
  }

  async #follow(): Promise<void> {
    try {
      for await (const { sequence, json } of this.#feed) {
        const bytes = encoder.encode(`id: ${sequence}\ndata: ${JSON.stringify(json)}\n\n`);
        this.#events.push({ place: `${sequence}`, bytes });
        if (this.#events.length > remembered) this.#events.shift();
        this.#send(bytes);
      }
    } catch (error) {
      // Its database is gone, for example: pages that come back are told so by a status.
      console.error(error);
    }
    for (const visitor of this.#visitors) this.#dismiss(visitor);
  }

  #send(bytes: Uint8Array): void {
    for (const visitor of this.#visitors) {
      // Who takes nothing is not kept for. A page that is alive comes back by itself, to where it was.
      if ((visitor.desiredSize ?? 0) > 0) visitor.enqueue(bytes);
      else this.#dismiss(visitor);
    }
  }

  #dismiss(visitor: Visitor): void {
    visitor.close();
    this.#leave(visitor);
  }

  #leave(visitor: Visitor): void {
    this.#visitors.delete(visitor);
    if (this.#visitors.size > 0) return;
    clearInterval(this.#timer);
    this.#onEnd();
    void this.#feed.close();
  }
}
