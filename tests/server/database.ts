import { randomBytes } from "node:crypto";
import type { ChangesOptions, PouchChange } from "pouchdb-core";
import { type AttachmentOptions, Blobs, type File, type StoredAttachment } from "./blobs.js";
import { Census } from "./census.js";
import { compareIdKeys } from "./collate.js";
import { noDatabase, notFound } from "./errors.js";
import { present } from "./present.js";
import { compareRevisions, isAncestor } from "./revisions.js";
import { formatSequence, parseSequence } from "./sequences.js";
import { type ReadOptions, Store } from "./store.js";
import { type Doc, isObject, type User } from "./types.js";
import { type CompareKeys, type MapChange, ViewIndex } from "./view-index.js";
import { type WriteRow, Writer } from "./writer.js";

export interface DatabaseOptions {
  q: number;
  n: number;
  partitioned: boolean;
}

export type DocumentOptions = ReadOptions & AttachmentOptions;

/** A revision that was asked for: it is there, or not. */
export type OpenRev = { ok: Doc } | { missing: string };

export interface OpenAttachment {
  attachment: StoredAttachment;
  /** The bytes as they are kept. */
  encoded(): Buffer;
  decoded(): Buffer;
}

/** A database: what is stored, who may see it, and the indexes over it. */
export class Database {
  /** Tells this database from an earlier one of the same name. */
  readonly incarnation = randomBytes(8).toString("hex");
  readonly created = String(Math.floor(Date.now() / 1000));
  /** Local documents have no history: there is nothing in them for the store to do. */
  readonly locals = new Map<string, Doc>();
  security: Doc = { members: { roles: ["_admin"] }, admins: { roles: ["_admin"] } };
  readonly revsLimit = 1000;
  /** How many documents purges have named, whether they were there or not. */
  purgeSequence = 0;
  readonly #store = new Store();
  readonly #blobs = new Blobs();
  readonly #writer: Writer;
  readonly #indexes = new Map<string, ViewIndex>();
  #census = new Census();
  readonly #listeners = new Set<() => void>();
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly options: DatabaseOptions,
  ) {
    this.#writer = new Writer(this, this.#store, this.#blobs);
  }

  get deleted(): boolean {
    return this.#store.deleted;
  }

  get allDocs(): ViewIndex {
    const map: MapChange = ({ id, changes }) => [{ key: id, value: { rev: changes[0]?.rev } }];
    return this.#open("_all_docs", compareIdKeys, () => map, { documents: false });
  }

  /** The index of that name, made when it is first asked for. */
  index(name: string, compareKeys: CompareKeys, map: () => MapChange): ViewIndex {
    return this.#open(name, compareKeys, map, { documents: true });
  }

  #open(
    name: string,
    compareKeys: CompareKeys,
    map: () => MapChange,
    options: { documents: boolean },
  ): ViewIndex {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = new ViewIndex((o) => this.changes(o), map(), compareKeys, options);
      this.#indexes.set(name, index);
    }
    return index;
  }

  async changes(options: ChangesOptions & AttachmentOptions): Promise<PouchChange[]> {
    const { attachments, att_encoding_info, ...which } = options;
    const changes = await this.#store.changes(which);
    return changes.map((change) =>
      change.doc === undefined
        ? change
        : { ...change, doc: present(this.#blobs.show(change.doc, options)) },
    );
  }

  /** The document, or 404. */
  async get(id: string, options: DocumentOptions = {}): Promise<Doc> {
    return present(this.#blobs.show(await this.#store.get(id, options), options));
  }

  async find(id: string, options: DocumentOptions = {}): Promise<Doc | undefined> {
    return this.get(id, options).catch((error) => {
      if (error.status === 404) return undefined;
      throw error;
    });
  }

  /** The document with its attachments as they are stored, to be made into another. */
  async source(id: string, rev: string | undefined): Promise<Doc> {
    return this.#store.get(id, rev === undefined ? {} : { rev });
  }

  /** Is that a revision that can be replaced? */
  async isCurrent(id: string, rev: string): Promise<boolean> {
    const leaves = await this.#store.leaves(id);
    return leaves.some((leaf) => leaf.rev === rev && !leaf.deleted);
  }

  async attachment(id: string, name: string, rev: string | undefined): Promise<OpenAttachment> {
    const { _attachments } = await this.source(id, rev);
    const found = isObject(_attachments) && Object.hasOwn(_attachments, name);
    if (!found) throw notFound("Document is missing attachment");
    const attachment = _attachments[name] as StoredAttachment;
    return {
      attachment,
      encoded: () => this.#blobs.encoded(attachment),
      decoded: () => this.#blobs.decoded(attachment),
    };
  }

  /** What follows a document that was opened for that. */
  async files({ _id, _rev, _attachments }: Doc): Promise<File[]> {
    const names = isObject(_attachments) ? Object.keys(_attachments) : [];
    const files = names.map(async (name) => {
      const { attachment, encoded } = await this.attachment(String(_id), name, String(_rev));
      return { name, attachment, bytes: encoded() };
    });
    return Promise.all(files);
  }

  /** The winner's revision, and whether it deletes the document; undefined if there is none. */
  async winner(id: string): Promise<{ rev: string; deleted: boolean } | undefined> {
    return (await this.#store.leaves(id))[0];
  }

  /** The revisions of those names, or all leaves of the document, in order; the missing last. */
  async openRevs(
    id: string,
    revs: "all" | readonly string[],
    options: DocumentOptions & { latest?: boolean } = {},
  ): Promise<OpenRev[]> {
    const { latest, ...told } = options;
    const leaves = revs === "all" || latest ? await this.#store.leaves(id) : [];
    // A revision that has been replaced may have been replaced more than once.
    const successors = (rev: string) => leaves.filter((leaf) => isAncestor(rev, leaf));
    const names = new Set<string>();
    for (const rev of revs === "all" ? leaves.map((leaf) => leaf.rev) : revs) {
      const found = latest ? successors(rev) : [];
      for (const name of found.length > 0 ? found.map((leaf) => leaf.rev) : [rev]) names.add(name);
    }
    const rows = [...names].sort(compareRevisions).map(async (rev): Promise<OpenRev> => {
      const doc = await this.find(id, { ...told, rev });
      return doc === undefined ? { missing: rev } : { ok: doc };
    });
    const opened = await Promise.all(rows);
    return [...opened.filter((row) => "ok" in row), ...opened.filter((row) => "missing" in row)];
  }

  revsDiff(revs: Record<string, string[]>): ReturnType<Store["revsDiff"]> {
    return this.#store.revsDiff(revs);
  }

  sequence(): Promise<number> {
    return this.#store.sequence();
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
      if (this.deleted) throw noDatabase();
      const rows = await this.#writer.write(docs, user, newEdits);
      this.#notify();
      return rows;
    });
  }

  /** Forgets revisions as if they had never been; for each document those that it had. */
  purge(revisions: Record<string, string[]>): Promise<Record<string, string[]>> {
    return this.#exclusive(async () => {
      const ids = Object.keys(revisions);
      const purged: Record<string, string[]> = {};
      for (const id of ids) purged[id] = await this.#store.purge(id, revisions[id] ?? []);
      if (ids.length > 0) await this.#store.mark();
      this.purgeSequence += ids.length;
      // No change tells an index that a document has gone without a trace. A design document's
      // validation goes on being asked, as in CouchDB, until the next of them is written.
      this.#indexes.clear();
      this.#census = new Census();
      this.#notify();
      return purged;
    });
  }

  /** How many documents there are, and tombstones. */
  count(): Promise<{ living: number; deleted: number }> {
    return this.#census.take((since) => this.#store.changes({ since }));
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
    this.#store.deleted = true;
    this.#notify();
    await this.#exclusive(() => this.#store.destroy());
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastWrite.then(work);
    this.#lastWrite = result.catch(() => undefined);
    return result;
  }
}
