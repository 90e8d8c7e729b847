import type { Blobs } from "./blobs.js";
import type { Database } from "./database.js";
import { checkDesign } from "./design.js";
import {
  baseOf,
  editsOf,
  historyOf,
  previewAttachments,
  replicatedHistory,
  resolveAttachments,
} from "./edits.js";
import { CouchError } from "./errors.js";
import { present, SPECIAL } from "./present.js";
import { requireDatabaseAdmin } from "./privileges.js";
import { formatRevision, type History, isAncestor, nextRevision } from "./revisions.js";
import { compile, type DesignFunction } from "./sandbox.js";
import type { Leaf, Revision, Store } from "./store.js";
import type { Doc, User } from "./types.js";
import { checkUser, USERS } from "./users.js";
import { validate } from "./validation.js";

/** What became of one document of a write. */
export type WriteRow =
  | { ok: true; id: string; rev: string }
  | { id: string; rev?: string; error: string; reason: unknown; status: number };

/** Makes revisions of what clients want stored, or finds what is to be said against it. */
export class Writer {
  /** The validate_doc_update functions; undefined when they have to be looked for. */
  #validations: DesignFunction[] | undefined;

  constructor(
    private readonly db: Database,
    private readonly store: Store,
    private readonly blobs: Blobs,
  ) {}

  /** Stores documents, one after another; only an attachment that is missing fails them all. */
  async write(docs: readonly Doc[], user: User, newEdits: boolean): Promise<WriteRow[]> {
    const isStrict = this.#isStrict(docs);
    const leaves = await this.#leavesOf(docs);
    const rows: WriteRow[] = [];
    const pending = new Map<string, Revision>();
    const flush = async () => {
      await this.#append([...pending.values()]);
      for (const id of pending.keys()) leaves.set(id, await this.store.leaves(id));
      pending.clear();
    };
    for (const doc of docs) {
      const id = String(doc._id);
      if (pending.has(id)) await flush();
      const known = leaves.get(id) ?? [];
      try {
        const revision = newEdits
          ? await this.#edit(doc, known, isStrict, user)
          : await this.#replicate(doc, known, user);
        if (!isKnown(revision.history, known)) pending.set(id, revision);
        rows.push({ ok: true, id, rev: formatRevision(revision.history) });
      } catch (error) {
        rows.push(failure(doc, error, newEdits));
      }
    }
    await this.#append([...pending.values()]);
    return rows;
  }

  async #leavesOf(docs: readonly Doc[]): Promise<Map<string, Leaf[]>> {
    const ids = [...new Set(docs.map((doc) => String(doc._id)))];
    const leaves = ids.map(async (id) => [id, await this.store.leaves(id)] as const);
    return new Map(await Promise.all(leaves));
  }

  async #append(revisions: readonly Revision[]): Promise<void> {
    if (revisions.length > 0) await this.store.append(revisions);
    if (revisions.some(({ id }) => isDesign(id))) this.#validations = undefined;
  }

  /** CouchDB looks more closely while it has something to look at, or does not know yet. */
  #isStrict(docs: readonly Doc[]): boolean {
    if (this.#validations === undefined || this.#validations.length > 0) return true;
    return docs.some((doc) => isDesign(String(doc._id)) || editsOf(doc).length > 0);
  }

  async #edit(doc: Doc, leaves: Leaf[], isStrict: boolean, user: User): Promise<Revision> {
    const { leaf, history } = baseOf(doc, leaves, isStrict);
    const generation = (historyOf(doc)?.start ?? 0) + 1;
    const body = this.#bodyOf(doc, leaf?.body, () => generation);
    await this.#validate(doc, leaf, user);
    const deleted = doc._deleted === true;
    return { id: String(doc._id), history: nextRevision(history, deleted, body), deleted, body };
  }

  /** A revision that was made elsewhere: it is stored beside what there is. */
  async #replicate(doc: Doc, leaves: Leaf[], user: User): Promise<Revision> {
    const id = String(doc._id);
    const history = replicatedHistory(doc);
    const deleted = doc._deleted === true;
    if (isKnown(history, leaves)) return { id, history, deleted, body: {} };
    const ancestor = await this.#ancestor(id, history);
    const body = this.#bodyOf(doc, ancestor?.body, ({ revpos }) => Number(revpos ?? 0));
    await this.#validate(doc, ancestor, user);
    return { id, history, deleted, body };
  }

  /** The closest ancestor of a revision that is stored. */
  async #ancestor(id: string, { start, ids }: History): Promise<Revision | undefined> {
    for (let i = 1; i < ids.length; i++) {
      const history = { start: start - i, ids: ids.slice(i) };
      const rev = formatRevision(history);
      const body = await this.store.get(id, { rev }).catch(() => undefined);
      if (body !== undefined) return { id, history, deleted: body._deleted === true, body };
    }
    return undefined;
  }

  #bodyOf(doc: Doc, old: Doc | undefined, revpos: (edit: { revpos?: unknown }) => number): Doc {
    const attachments = resolveAttachments(doc, old, this.blobs, revpos);
    const hasSome = Object.keys(attachments).length > 0;
    return { ...contentOf(doc), ...(hasSome && { _attachments: attachments }) };
  }

  /** What there is against a document, first of all from the design documents' functions. */
  async #validate(doc: Doc, old: Revision | undefined, user: User): Promise<void> {
    const { db } = this;
    if (isDesign(String(doc._id))) {
      requireDatabaseAdmin(db.security, user);
      checkDesign(doc, db.options.partitioned);
      return;
    }
    if (db.name === USERS) checkUser(doc);
    this.#validations ??= await this.#compileValidations();
    if (this.#validations.length === 0) return;
    const before = old === undefined || old.deleted ? null : this.#show(old);
    const context = { db: db.name, ...user };
    validate(this.#validations, this.#preview(doc, old), before, context, db.security);
  }

  #show({ id, history, body }: Revision): Doc {
    const doc = { ...body, _id: id, _rev: formatRevision(history), _revisions: history };
    return present(this.blobs.show(doc));
  }

  /** A document as validation functions see it before it is stored. */
  #preview(doc: Doc, old: Revision | undefined): Doc {
    const history = historyOf(doc);
    const told = history && { _rev: formatRevision(history), _revisions: history };
    const attachments = previewAttachments(doc, old?.body);
    return present({
      _id: doc._id,
      ...contentOf(doc),
      ...told,
      ...(doc._deleted === true && { _deleted: true }),
      ...(attachments !== undefined && { _attachments: attachments }),
    });
  }

  async #compileValidations(): Promise<DesignFunction[]> {
    const sources: string[] = [];
    for (const { id } of await this.db.allDocs.rows()) {
      if (!isDesign(id)) continue;
      const { validate_doc_update } = await this.db.get(id);
      if (typeof validate_doc_update === "string") sources.push(validate_doc_update);
    }
    try {
      return sources.map((source) => compile(source));
    } catch (error) {
      // CouchDB stores such a function, and then refuses every write.
      throw error instanceof CouchError ? new CouchError(500, error.error, error.reason) : error;
    }
  }
}

function isDesign(id: string): boolean {
  return id.startsWith("_design/");
}

/** The document's own members. */
function contentOf(doc: Doc): Doc {
  return Object.fromEntries(Object.entries(doc).filter(([name]) => !SPECIAL.has(name)));
}

function isKnown(history: History, leaves: readonly Leaf[]): boolean {
  const rev = formatRevision(history);
  return leaves.some((leaf) => isAncestor(rev, leaf));
}

/** The row of a document that was refused; what is not about it alone goes on as an error. */
function failure(doc: Doc, error: unknown, newEdits: boolean): WriteRow {
  if (!(error instanceof CouchError) || error.error === "missing_stub") throw error;
  const history = newEdits ? undefined : historyOf(doc);
  return {
    id: String(doc._id),
    ...(history !== undefined && { rev: formatRevision(history) }),
    error: error.error,
    reason: error.reason,
    status: error.status,
  };
}
