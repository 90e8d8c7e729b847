import type { PouchChange } from "pouchdb-core";
import { Bell } from "./bell.js";
import type { Filter } from "./change-filters.js";
import type { ChangesParams } from "./changes.js";
import type { DatabaseContext } from "./context.js";
import { BodyStream, type Headers } from "./http.js";
import { BATCH } from "./row-stream.js";

/** How a kind of feed is written down. */
interface Layout {
  start: string;
  row(json: string, seq: string): string;
  separator: string;
  heartbeat: string;
  end(last: string, pending: number): string;
}

const list: Layout = {
  start: '{"results":[\n',
  row: (json) => json,
  separator: ",\r\n",
  heartbeat: "\n",
  end: (last, pending) => `\n],\n"last_seq":${last},"pending":${pending}}\n\n`,
};

const LAYOUTS: Record<string, Layout> = {
  normal: list,
  longpoll: list,
  continuous: {
    start: "",
    row: (json) => `${json}\n`,
    separator: "",
    heartbeat: "\n",
    end: (last, pending) => `{"last_seq":${last},"pending":${pending}}\n\n`,
  },
  eventsource: {
    start: "",
    row: (json, seq) => `data: ${json}\nid: ${seq}\n\n`,
    separator: "",
    heartbeat: "event: heartbeat\ndata: \n\n",
    end: () => "\n",
  },
};

/** One answer of `_changes`, from its first row to its last. */
export class Feed {
  readonly #layout: Layout;
  #stream: BodyStream | undefined;
  #seq: number;
  #seen = 0;
  #sent = 0;
  /** Of a descending feed: the changes behind its last row. */
  #unread = 0;

  constructor(
    private readonly context: DatabaseContext,
    private readonly params: ChangesParams,
    private readonly filter: Filter | undefined,
    private readonly headers: Headers = {},
  ) {
    this.#seq = params.since;
    this.#layout = LAYOUTS[params.feed] ?? list;
  }

  async run(): Promise<void> {
    const { context, params } = this;
    if (context.request.method === "HEAD") {
      new BodyStream(context, this.headers).end("");
      return;
    }
    const bell = new Bell();
    const unsubscribe = context.db.subscribe(() => bell.ring());
    context.response.once("close", () => bell.ring());
    try {
      if (params.descending) await this.#descend();
      else await this.#catchUp();
      const isLive = params.feed !== "normal" && !params.descending;
      if (isLive) await this.#follow(bell);
      await this.#end();
    } finally {
      unsubscribe();
    }
  }

  /** Writes what has happened up to now. */
  async #catchUp(): Promise<void> {
    const { context, params } = this;
    while (!context.db.deleted && this.#sent < params.limit) {
      const changes = await context.db.changes({
        ...this.#reading(),
        since: this.#seq,
        limit: BATCH,
      });
      await this.#writeBatch(changes);
      if (changes.length < BATCH) return;
    }
  }

  /** Newest first: PouchDB cannot go on where it was, so it has to give all at once. */
  async #descend(): Promise<void> {
    const changes = await this.context.db.changes({ ...this.#reading(), descending: true });
    for (let from = 0; from < changes.length && this.#sent < this.params.limit; from += BATCH) {
      await this.#writeBatch(changes.slice(from, from + BATCH));
    }
    this.#unread = changes.length - this.#seen;
  }

  #reading() {
    const { include_docs, conflicts, attachments, att_encoding_info, style } = this.params;
    const needsDocs = include_docs || this.filter?.needsDocs === true;
    return { include_docs: needsDocs, conflicts, attachments, att_encoding_info, style };
  }

  /** Waits for changes and writes them, until there is a reason to stop. */
  async #follow(bell: Bell): Promise<void> {
    const { context, params } = this;
    const isLongpoll = params.feed === "longpoll";
    while (!context.db.deleted && this.#sent < params.limit) {
      if (isLongpoll && this.#sent > 0) return;
      await this.#write("\n"); // CouchDB shows that it begins to wait.
      if (!(await this.#wait(bell))) return;
      await this.#catchUp();
    }
  }

  /** True when something has happened; false when the time is up. */
  async #wait(bell: Bell): Promise<boolean> {
    const { heartbeat, timeout } = this.params;
    if (heartbeat === undefined) return bell.wait(timeout);
    while (!(await bell.wait(heartbeat))) await this.#write(this.#layout.heartbeat);
    return true;
  }

  async #end(): Promise<void> {
    await this.#write("");
    const { db } = this.context;
    const last = JSON.stringify(db.formatSequence(this.#seq));
    this.#stream?.end(this.#layout.end(last, await this.#pending()));
  }

  /** How many changes CouchDB would say are still to come. */
  async #pending(): Promise<number> {
    const { db } = this.context;
    const passedOver = this.filter?.skipsUncounted === true ? this.#seen - this.#sent : 0;
    if (this.params.descending) return this.#unread + passedOver;
    if (this.#sent < this.params.limit || db.deleted) return passedOver;
    const changes = await db.changes({ since: this.#seq });
    return changes.length + passedOver;
  }

  async #writeBatch(changes: PouchChange[]): Promise<void> {
    const { context, params, filter } = this;
    let text = "";
    for (const change of changes) {
      if (this.#sent === params.limit) break;
      this.#seq = change.seq;
      this.#seen++;
      if (filter !== undefined && !filter.accepts(change)) continue;
      const isNumbered = (this.#sent + 2) % params.seq_interval === 0 || params.seq_interval < 2;
      const seq = isNumbered ? context.db.formatSequence(change.seq) : null;
      const row = this.#layout.row(JSON.stringify(this.#row(change, seq)), JSON.stringify(seq));
      text += this.#sent === 0 ? row : this.#layout.separator + row;
      this.#sent++;
    }
    // The answer begins when its first rows are known: until then a filter may still fail.
    await this.#write(text);
  }

  #row({ id, changes, deleted, doc }: PouchChange, seq: string | null) {
    return {
      seq,
      id,
      changes,
      ...(deleted === true && { deleted }),
      ...(this.params.include_docs && doc !== undefined && { doc }),
    };
  }

  async #write(text: string): Promise<void> {
    const begins = this.#stream === undefined;
    this.#stream ??= new BodyStream(this.context, this.headers);
    const body = begins ? this.#layout.start + text : text;
    if (body !== "") await this.#stream.write(body);
  }
}
