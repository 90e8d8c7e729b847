import { randomBytes } from "node:crypto";
import { type EventEmitter, setMaxListeners } from "node:events";
import memoryAdapter from "pouchdb-adapter-memory";
import PouchCore, { type ChangesOptions, type PouchChange, type PouchDatabase } from "pouchdb-core";
import { badRequest, noDatabase, notFound, pouchStatus } from "./errors.js";
import { compareRevisions, formatRevision, type History } from "./revisions.js";
import type { Doc } from "./types.js";

const PouchDB = PouchCore.plugin(memoryAdapter);

/** A revision to be stored: what it grew from, and what it says. */
export interface Revision {
  id: string;
  history: History;
  deleted: boolean;
  /** The document's members, without those that CouchDB tells about it. */
  body: Doc;
}

/** A revision that no other has replaced. */
export interface Leaf extends Revision {
  rev: string;
}

export interface ReadOptions {
  rev?: string;
  revs?: boolean;
  revs_info?: boolean;
  conflicts?: boolean;
  deleted_conflicts?: boolean;
}

/**
 * The documents and revision trees of one database, in a PouchDB in memory. All writing is of
 * revisions that are given whole, as a replication would: what an edit amounts to is not left to
 * PouchDB, which loses its way over a document that comes twice in one request.
 */
export class Store {
  readonly #pouch: PouchDatabase;
  /** PouchDB cannot forget: what a purge leaves of a document moves to its next name in there. */
  readonly #moves = new Map<string, number>();
  #purges = 0;
  #reading = 0;
  #readersGone: (() => void) | undefined;
  deleted = false;

  constructor() {
    // PouchDB keeps memory databases by name for the whole process: the name must be unique in it.
    const name = `embedded-${randomBytes(8).toString("hex")}`;
    this.#pouch = new PouchDB(name, { adapter: "memory" });
    // Whoever reads changes listens for the end of the database: there may be many at once.
    setMaxListeners(0, this.#pouch as unknown as EventEmitter);
  }

  #nameOf(id: string): string {
    return `${this.#moves.get(id) ?? 0}:${id}`;
  }

  #idOf(name: string): string {
    return name.slice(name.indexOf(":") + 1);
  }

  #isCurrent(name: string): boolean {
    return name !== MARK && name === this.#nameOf(this.#idOf(name));
  }

  /** A document as PouchDB has it, told with its own id and its members. */
  #open({ _id, body, ...told }: Doc): Doc {
    return { ...JSON.parse(String(body)), ...told, _id: this.#idOf(String(_id)) };
  }

  /** The document's leaves, the winner first. */
  async leaves(id: string): Promise<Leaf[]> {
    const found = await this.#read(() =>
      this.#pouch.get(this.#nameOf(id), { open_revs: "all", revs: true }),
    ).catch((error) => {
      if (pouchStatus(error) === 404) return [];
      throw error;
    });
    const leaves = found.flatMap((row): Leaf[] => {
      if (!("ok" in row)) return [];
      const { _rev, _revisions, _deleted, body } = row.ok;
      return [
        {
          id,
          rev: String(_rev),
          history: _revisions as History,
          deleted: _deleted === true,
          body: JSON.parse(String(body)),
        },
      ];
    });
    return leaves.sort(
      (a, b) => Number(a.deleted) - Number(b.deleted) || compareRevisions(b.rev, a.rev),
    );
  }

  /** The document, or 404. */
  async get(id: string, options: ReadOptions = {}): Promise<Doc> {
    const { rev, conflicts, deleted_conflicts, revs = false, revs_info = false } = options;
    const leaves = conflicts || deleted_conflicts ? await this.leaves(id) : [];
    const doc = await this.#get(id, { revs, revs_info, ...(rev !== undefined && { rev }) });
    if (Array.isArray(doc._revs_info)) await this.#tellDeleted(id, doc._revs_info);
    const others = leaves.filter((leaf) => leaf.rev !== doc._rev);
    const tell = (member: string, deleted: boolean) => {
      const found = others.filter((leaf) => leaf.deleted === deleted).map((leaf) => leaf.rev);
      if (found.length > 0) doc[member] = found;
    };
    if (conflicts) tell("_conflicts", false);
    if (deleted_conflicts) tell("_deleted_conflicts", true);
    return doc;
  }

  async #get(id: string, options: { rev?: string; revs?: boolean; revs_info?: boolean }) {
    if (options.rev !== undefined && !STORABLE.test(options.rev)) throw notFound();
    try {
      return this.#open(await this.#read(() => this.#pouch.get(this.#nameOf(id), options)));
    } catch (error) {
      if (pouchStatus(error) !== 404) throw error;
      const [winner] = options.rev === undefined ? await this.leaves(id) : [];
      throw notFound(winner === undefined ? "missing" : "deleted");
    }
  }

  /** PouchDB says of a tombstone, too, that it is available. */
  async #tellDeleted(id: string, infos: Doc[]): Promise<void> {
    for (const info of infos) {
      if (info.status !== "available") continue;
      const { _deleted } = await this.#get(id, { rev: String(info.rev) });
      if (_deleted === true) info.status = "deleted";
    }
  }

  /** Stores revisions, of each document one. */
  async append(revisions: readonly Revision[]): Promise<void> {
    if (this.deleted) throw noDatabase();
    const docs = revisions.map(({ id, history, deleted, body }) => ({
      _id: this.#nameOf(id),
      _rev: formatRevision(history),
      _revisions: history,
      ...(deleted && { _deleted: true }),
      body: JSON.stringify(body),
    }));
    const unfit = docs.find(({ _rev }) => !STORABLE.test(_rev));
    if (unfit !== undefined) throw badRequest("Invalid rev format");
    const failed = await this.#pouch.bulkDocs(docs, { new_edits: false });
    if (failed.length > 0) throw new Error(`PouchDB did not store ${JSON.stringify(failed)}`);
  }

  async changes(options: ChangesOptions): Promise<PouchChange[]> {
    const { limit = Number.POSITIVE_INFINITY } = options;
    const found: PouchChange[] = [];
    let since = options.since ?? 0;
    for (;;) {
      const { results } = await this.#read(() => this.#pouch.changes({ ...options, since }));
      for (const change of results) {
        since = change.seq;
        if (!this.#isCurrent(change.id)) continue;
        found.push(await this.#openChange(change));
        if (found.length === limit) return found;
      }
      if (options.limit === undefined || results.length < limit) return found;
    }
  }

  async #openChange(change: PouchChange): Promise<PouchChange> {
    const id = this.#idOf(change.id);
    const { doc, changes } = change;
    // PouchDB tells of tombstones before living leaves, and not always of the winner first.
    const revs = changes.length > 1 ? (await this.leaves(id)).map(({ rev }) => ({ rev })) : changes;
    return { ...change, id, changes: revs, ...(doc !== undefined && { doc: this.#open(doc) }) };
  }

  async sequence(): Promise<number> {
    return (await this.#read(() => this.#pouch.info())).update_seq;
  }

  /** What is missing, and the leaves that it may descend from: all that are older. */
  async revsDiff(
    wanted: Record<string, string[]>,
  ): Promise<Record<string, { missing: string[]; possible_ancestors?: string[] }>> {
    const named = Object.entries(wanted).map(([id, revs]) => [this.#nameOf(id), revs]);
    const diff = await this.#read(() => this.#pouch.revsDiff(Object.fromEntries(named)));
    const rows = Object.entries(diff).map(async ([name, { missing }]) => {
      const id = this.#idOf(name);
      const latest = Math.max(...missing.map((rev) => Number.parseInt(rev, 10)));
      const leaves = (await this.leaves(id)).map(({ rev }) => rev);
      const older = leaves.filter((rev) => Number.parseInt(rev, 10) < latest);
      return [id, { missing, ...(older.length > 0 && { possible_ancestors: older }) }] as const;
    });
    return Object.fromEntries(await Promise.all(rows));
  }

  /** Forgets leaves, with all that led to them alone; those that there were. */
  async purge(id: string, revs: readonly string[]): Promise<string[]> {
    const leaves = await this.leaves(id);
    const purged = leaves.filter((leaf) => revs.includes(leaf.rev));
    if (purged.length === 0) return [];
    const kept = leaves.filter((leaf) => !revs.includes(leaf.rev));
    const revisions = new Map<string, Revision>();
    for (const leaf of kept) {
      for (const old of await this.#pastOf(leaf)) revisions.set(formatRevision(old.history), old);
    }
    this.#moves.set(id, (this.#moves.get(id) ?? 0) + 1);
    for (const revision of revisions.values()) await this.append([revision]);
    return purged.map((leaf) => leaf.rev).sort(compareRevisions);
  }

  /** Has the sequence go on by one, as it does in CouchDB when something is purged. */
  async mark(): Promise<void> {
    this.#purges++;
    await this.#pouch.bulkDocs([{ _id: MARK, _rev: `${this.#purges}-${this.#purges}` }], {
      new_edits: false,
    });
  }

  /** What there still is of a leaf's history, oldest first, itself at the end. */
  async #pastOf(leaf: Leaf): Promise<Revision[]> {
    const { start, ids } = leaf.history;
    const past: Revision[] = [];
    for (let i = ids.length - 1; i > 0; i--) {
      const history = { start: start - i, ids: ids.slice(i) };
      const rev = formatRevision(history);
      const doc = await this.#get(leaf.id, { rev }).catch(() => undefined);
      if (doc === undefined) continue;
      const { _id, _rev, _deleted, ...body } = doc;
      past.push({ id: leaf.id, history, deleted: _deleted === true, body });
    }
    return [...past, leaf];
  }

  async destroy(): Promise<void> {
    // PouchDB leaves those waiting who read from a database while it is destroyed.
    if (this.#reading > 0) await new Promise<void>((done) => (this.#readersGone = done));
    await this.#pouch.destroy();
  }

  async #read<T>(work: () => Promise<T>): Promise<T> {
    if (this.deleted) throw noDatabase();
    this.#reading++;
    try {
      return await work();
    } finally {
      this.#reading--;
      if (this.#reading === 0) this.#readersGone?.();
    }
  }
}

const MARK = "mark";
/** Revisions that PouchDB does not mistake for something else. */
const STORABLE = /^[1-9]\d*-[^-\s]+$/;
