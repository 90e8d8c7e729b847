import { pathIn } from "../http/paths.js";
import type { HttpRequest } from "../http/request.js";
import type { ConflictError } from "../shared/errors.js";
import { atRevision, documentText, equalJson } from "../shared/json-equal.js";
import type { AttachmentStub, DocumentData, JsonObject } from "../shared/types.js";
import { noteAttachment } from "./attachment-stubs.js";
import type { DatabaseContext } from "./database-context.js";

/** Parses the JSON of a document again, to find out whether the document has changed. */
export type Original = () => unknown;

/** The JSON to save, and a function to call when it is saved. */
export interface Draft {
  id: string;
  body: string;
  /** Whether the revision differs from the one that was read. */
  isNewRev(): boolean;
  saved(rev?: string): void;
}

/**
 * The data of a document, and what the database holds.
 *
 * Reading a document costs no more than parsing it: `save` and `dirty` parse the text again to find out what
 * has changed.
 */
export class DocumentState<T extends object = JsonObject> {
  readonly context: DatabaseContext;
  readonly id: string;
  data!: DocumentData<T>;
  /** The document in the database; undefined if it was neither read nor saved. */
  private original: Original | undefined;
  /** The data at that time: the same, unless a schema transformed it. */
  private was: Original | undefined;
  // Most documents of a scan never have these.
  /** Settles after the last call in the queue. */
  declare last?: Promise<unknown> | undefined;
  /** What the calls of this queue have written, to be applied to the snapshots of later ones. */
  declare moves?: ((data: DocumentData) => void)[] | undefined;
  /** Whether a user's callback is running for a call on this document. */
  declare isInCallback?: boolean;

  /** @param original - if the data was read from the server */
  constructor(context: DatabaseContext, id: string, data: object, original?: Original) {
    this.context = context;
    this.id = id;
    this.replace(data, original);
  }

  /** The path of the document. Computed on demand: most documents of a scan are only read. */
  get path(): string {
    return pathIn(this.context, this.id);
  }

  /** The revision that was read or saved. */
  get knownRev(): string | undefined {
    return this.inDatabase?._rev;
  }

  /** Whether the document was neither read nor saved. */
  get isNew(): boolean {
    return this.was === undefined;
  }

  /** Whether there is anything to save. */
  get dirty(): boolean {
    return this.isNew || !this.#equal(this.snapshot()(), this.was?.());
  }

  /**
   * Whether two copies have the same content. A revision that was set is not content.
   *
   * @param one - default: the data
   * @param other - default: what was read or saved
   */
  isLike(
    one: object = this.snapshot()(),
    other: object = (this.was?.() as object | undefined) ?? { _id: this.id },
  ): boolean {
    const _rev = undefined;
    return this.#equal({ ...one, _rev }, { ...other, _rev });
  }

  /** The error of a call that would lose changes. */
  unsavedChanges(method: HttpRequest["method"]): ConflictError {
    const found = "has unsaved changes; pass `discardChanges: true` to drop them";
    return this.context.client.conflict(method, this.path, this.id, found);
  }

  /** Replace the data. */
  replace(
    data: object,
    original: Original | undefined,
    was = original && (this.context.codec?.madeOf(data) ?? original),
  ): void {
    this.data = data as DocumentData<T>;
    this.original = original;
    this.was = was;
  }

  /** Note a saved or deleted attachment, if that changed the revision that is here. */
  noteAttachment(
    parent: string | undefined,
    rev: string,
    name: string,
    stub?: AttachmentStub,
  ): void {
    const isHere = this.data._rev === parent;
    this.move(parent, rev, (data) => noteAttachment(data, name, stub));
    // If `rev` was set, the content here may belong to another revision.
    if (!isHere || this.knownRev !== parent) return;
    const { json } = this.context.client;
    // On demand: the output of a schema may not be JSON, which throws.
    const noted = (before: Original | undefined) => () => {
      const data = json.parse(json.stringify(before?.() ?? { _id: this.id })) as DocumentData;
      noteAttachment(atRevision(data, rev), name, stub);
      return data;
    };
    const original = noted(this.original);
    this.was = this.was === this.original ? original : noted(this.was);
    this.original = original;
  }

  /** Move the data, and the snapshots of waiting calls, to the revision that a call has written. */
  move(
    parent: string | undefined,
    rev: string | undefined,
    change: (data: DocumentData) => unknown = () => {},
  ): void {
    const move = (data: DocumentData) => {
      // Another revision was set by the user.
      if (data._rev === parent) change(atRevision(data, rev));
    };
    move(this.data);
    this.moves = [...(this.moves ?? []), move];
  }

  /** Copy the data as JSON. Call the result when the earlier calls on this document have ended. */
  snapshot(): () => DocumentData<T> {
    const { json } = this.context.client;
    const text = documentText(json, this.data);
    const from = this.moves?.length;
    return () => {
      const copy = json.parse(text) as DocumentData<T>;
      for (const move of this.moves?.slice(from) ?? []) move(copy);
      return copy;
    };
  }

  /** Prepare the data to be saved. The result, called in turn, returns undefined if nothing has changed. */
  draft(): () => Draft | undefined {
    const { data, id } = this;
    const snapshot = this.snapshot();
    return () => {
      const now = snapshot();
      // An earlier call replaces the data only if it was not changed.
      if (this.data !== data || (this.was && this.#equal(now, this.was()))) return undefined;
      const { _rev } = now;
      const { body, known } = this.written(now);
      const saved = (rev = _rev) => {
        this.replace(data, ...known(rev));
        this.move(_rev, rev);
      };
      const isNewRev = () => _rev !== undefined && _rev !== this.knownRev;
      return { id, body, saved, isNewRev };
    };
  }

  /** The JSON of the data, and its originals once it is saved. */
  written(data: DocumentData<T>, original = this.original, was = this.was) {
    if (data._id !== this.id) throw new TypeError("`_id` cannot be changed: use copy()");
    const { client, codec } = this.context;
    const { json } = client;
    const text = documentText(json, data);
    const isMade = original !== undefined && was !== undefined && was !== original;
    const body = codec && isMade ? codec.mergeBack(original(), was(), json.parse(text)) : text;
    const at = (written: string, rev: string | undefined) => () =>
      atRevision(json.parse(written) as DocumentData<T>, rev);
    /** The JSON in the database once it is saved, and the data at that time. */
    const known = (rev: string | undefined): [Original, Original] => {
      const now = at(body, rev);
      return [now, isMade ? at(text, rev) : now];
    };
    return { body, known };
  }

  /** The document in the database, if it was read or saved. */
  get inDatabase(): DocumentData | undefined {
    return this.original?.() as DocumentData | undefined;
  }

  #equal(one: unknown, other: unknown): boolean {
    return equalJson(one, other, (value) => this.context.client.json.stringify(value));
  }
}
