import { randomBytes } from "node:crypto";
import memoryAdapter from "pouchdb-adapter-memory";
import PouchCore, {
  type ChangesOptions,
  type OpenRevs,
  type PouchChange,
  type PouchDatabase,
} from "pouchdb-core";
import { compareIdKeys } from "./collate.js";
import { CouchError, conflict, noDatabase, notFound, pouchReason, pouchStatus } from "./errors.js";
import { present } from "./present.js";
import { compile, type DesignFunction } from "./sandbox.js";
import { formatSequence, parseSequence } from "./sequences.js";
import type { Doc, User } from "./types.js";
import { validate } from "./validation.js";
import { type CompareKeys, type MapChange, ViewIndex } from "./view-index.js";

const PouchDB = PouchCore.plugin(memoryAdapter);

export interface DatabaseOptions {
  q: number;
  n: number;
  partitioned: boolean;
}

/** What became of one document of a write. */
export type WriteRow =
  | { ok: true; id: string; rev: string }
  | { id: string; error: string; reason: unknown; status: number };

/** A database: a PouchDB in memory, and what PouchDB does not know about it. */
export class Database {
  /** Tells this database from an earlier one of the same name. */
  readonly incarnation = randomBytes(8).toString("hex");
  readonly created = String(Math.floor(Date.now() / 1000));
  /** Local documents have no history: there is nothing in them for PouchDB to do. */
  readonly locals = new Map<string, Doc>();
  readonly allDocs: ViewIndex;
  security: Doc = { members: { roles: ["_admin"] }, admins: { roles: ["_admin"] } };
  readonly revsLimit = 1000;
  deleted = false;
  readonly #pouch: PouchDatabase;
  readonly #indexes = new Map<string, ViewIndex>();
  readonly #listeners = new Set<() => void>();
  #validations: Promise<DesignFunction[]> | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #reading = 0;
  #readersGone: (() => void) | undefined;

  constructor(
    readonly name: string,
    readonly options: DatabaseOptions,
  ) {
    // PouchDB keeps memory databases by name for the whole process: the name must be unique in it.
    this.#pouch = new PouchDB(`embedded-${this.incarnation}`, { adapter: "memory" });
    const map: MapChange = ({ id, changes }) => [{ key: id, value: { rev: changes[0]?.rev } }];
    this.allDocs = new ViewIndex((o) => this.changes(o), map, compareIdKeys, { documents: false });
  }

  /** The index of that name, made when it is first asked for. */
  index(name: string, compareKeys: CompareKeys, map: () => MapChange): ViewIndex {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new ViewIndex((o) => this.changes(o), map(), compareKeys, { documents: true });
      this.#indexes.set(name, index);
    }
    return index;
  }

  changes(options: ChangesOptions): Promise<{ results: PouchChange[]; last_seq: number }> {
    return this.#read(() => this.#pouch.changes(options));
  }

  /** The document, or 404. */
  async get(id: string, options: Doc = {}): Promise<Doc> {
    try {
      return present(await this.#read(() => this.#pouch.get(id, options)));
    } catch (error) {
      if (pouchStatus(error) === 404) throw notFound(pouchReason(error));
      throw error;
    }
  }

  async find(id: string, options: Doc = {}): Promise<Doc | undefined> {
    return this.get(id, options).catch((error) => {
      if (error.status === 404) return undefined;
      throw error;
    });
  }

  attachment(id: string, name: string, options: { rev?: string }): Promise<Buffer> {
    return this.#read(() => this.#pouch.getAttachment(id, name, options));
  }

  openRevs(id: string, revs: "all" | string[], history: boolean): Promise<OpenRevs> {
    return this.#read(() => this.#pouch.get(id, { open_revs: revs, revs: history }));
  }

  revsDiff(revs: Record<string, string[]>): Promise<Record<string, { missing: string[] }>> {
    return this.#read(() => this.#pouch.revsDiff(revs));
  }

  async sequence(): Promise<number> {
    return (await this.#read(() => this.#pouch.info())).update_seq;
  }

  formatSequence(seq: number): string {
    return formatSequence(this.incarnation, seq);
  }

  parseSequence(text: string): number {
    return parseSequence(this.incarnation, text);
  }

  /** Stores documents; one row each says how it went. Writes follow one another. */
  write(docs: Doc[], user: User, newEdits = true): Promise<WriteRow[]> {
    return this.#exclusive(async () => {
      const rows = await this.#store(docs, user, newEdits);
      if (docs.some(({ _id }) => String(_id).startsWith("_design/"))) this.#validations = undefined;
      this.#notify();
      return rows;
    });
  }

  async #store(docs: Doc[], user: User, newEdits: boolean): Promise<WriteRow[]> {
    if (this.deleted) throw noDatabase();
    const refused = new Map<number, WriteRow>();
    for (const [i, doc] of docs.entries()) {
      const row = await this.#refusal(doc, user);
      if (row !== undefined) refused.set(i, row);
    }
    const accepted = docs.filter((_, i) => !refused.has(i));
    const results = await this.#pouch
      .bulkDocs(accepted, { new_edits: newEdits })
      .catch((error: unknown) => {
        if (pouchStatus(error) !== 412) throw error;
        throw new CouchError(412, "missing_stub", "Invalid attachment stub");
      });
    if (!newEdits) return [...refused.values()]; // PouchDB, too, reports only failures here.
    const stored = results.values();
    return docs.map((doc, i) => {
      const row = refused.get(i);
      if (row !== undefined) return row;
      const { id, rev } = stored.next().value ?? {};
      if (id !== undefined && rev !== undefined) return { ok: true, id, rev };
      const { status, error, reason } = conflict();
      return { id: String(doc._id), error, reason, status };
    });
  }

  /** What the design documents' validate_doc_update functions say against a document. */
  async #refusal(doc: Doc, user: User): Promise<WriteRow | undefined> {
    const id = String(doc._id);
    if (id.startsWith("_design/")) return undefined;
    this.#validations ??= this.#compileValidations();
    const functions = await this.#validations;
    if (functions.length === 0) return undefined;
    const old = (await this.find(id)) ?? null;
    const context = { db: this.name, ...user };
    const refusal = validate(functions, present(doc), old, context, this.security);
    if (refusal === undefined) return undefined;
    return { id, error: refusal.error, reason: refusal.reason, status: refusal.status };
  }

  async #compileValidations(): Promise<DesignFunction[]> {
    const sources: string[] = [];
    for (const { key } of await this.allDocs.rows()) {
      if (!String(key).startsWith("_design/")) continue;
      const { validate_doc_update } = await this.get(String(key));
      if (typeof validate_doc_update === "string") sources.push(validate_doc_update);
    }
    try {
      return sources.map((source) => compile(source, "the validation function"));
    } catch (error) {
      // CouchDB stores such a function, and then refuses every write.
      throw error instanceof CouchError ? new CouchError(500, error.error, error.reason) : error;
    }
  }

  /** Calls the listener after each write and on deletion; the result ends that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  async destroy(): Promise<void> {
    this.deleted = true;
    this.#notify();
    await this.#exclusive(async () => {
      // PouchDB leaves those waiting who read from a database while it is destroyed.
      if (this.#reading > 0) await new Promise<void>((done) => (this.#readersGone = done));
      await this.#pouch.destroy();
    });
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastWrite.then(work);
    this.#lastWrite = result.catch(() => undefined);
    return result;
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
