import { pathIn } from "../http/paths.js";
import type { HttpRequest } from "../http/request.js";
import { atRevision, isLike } from "../shared/json-equal.js";
import type { AttachmentStub, DocumentData, JsonObject } from "../shared/types.js";
import { noteAttachment } from "./attachment-stubs.js";
import type { DatabaseContext } from "./database-context.js";

/** Parses the JSON of a document again, to find out whether the document has changed. */
export type Original = () => unknown;

/** The JSON to save, and a function to call when it is saved. */
export interface Draft {
  /** The data when the draft was made, as JSON. */
  body: string;
  /** Whether the revision differs from the one that was read. */
  isNewRev: boolean;
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
  data: DocumentData<T>;
  /** The document in the database; undefined if it was neither read nor saved. */
  private original: Original | undefined;
  /** The data at that time: the same, unless a schema transformed it. */
  private was: Original | undefined;

  /** @param original - if the data was read from the server */
  constructor(context: DatabaseContext, id: string, data: object, original?: Original) {
    this.context = context;
    this.id = id;
    this.data = data as DocumentData<T>;
    this.original = original;
    this.was = original && this.#asRead(data, original);
  }

  /** The path of the document. Computed on demand: most documents of a scan are only read. */
  get path(): string {
    return pathIn(this.context, this.id);
  }

  /** The revision that was read or saved. */
  get knownRev(): string | undefined {
    return this.inDatabase?._rev;
  }

  /** Whether there is anything to save. */
  get dirty(): boolean {
    const { json } = this.context.client;
    return this.was === undefined || !isLike(json, this.data, this.was());
  }

  /** Whether there is content to lose. A revision that was set is not content. */
  get hasChanges(): boolean {
    const was = (this.was?.() ?? { _id: this.id }) as DocumentData;
    const { json } = this.context.client;
    return !isLike(json, { ...this.data, _rev: was._rev }, was);
  }

  refuseToLoseChanges(method: HttpRequest["method"]): void {
    if (!this.hasChanges) return;
    const reason = "unsaved changes: pass `discardChanges: true` to drop them";
    throw this.context.client.conflict(method, this.path, reason);
  }

  /** Replace the data. */
  replace(
    data: object,
    original: Original | undefined,
    was = original && this.#asRead(data, original),
  ): void {
    this.data = data as DocumentData<T>;
    this.original = original;
    this.was = was;
  }

  /** Note a saved or deleted attachment, if that changed the revision that is here. */
  noteAttachment(parent: string, rev: string, name: string, stub?: AttachmentStub): void {
    if (this.data._rev !== parent) return;
    noteAttachment(atRevision(this.data, rev), name, stub);
    // If `rev` was set, the content here may belong to another revision.
    if (this.knownRev !== parent) return;
    const { json } = this.context.client;
    // On demand: the output of a schema may not be JSON, which throws.
    const noted = (before: Original | undefined) => {
      let text: string | undefined;
      return () => {
        const data = json.parse(text ?? json.stringify(before?.())) as DocumentData;
        if (text === undefined) noteAttachment(atRevision(data, rev), name, stub);
        text ??= json.stringify(data);
        return data;
      };
    };
    const original = noted(this.original);
    this.was = this.was === this.original ? original : noted(this.was);
    this.original = original;
  }

  /** Prepare the data to be saved. */
  draft(): Draft {
    const { data } = this;
    const { _rev } = data;
    const { body, known } = this.written(data);
    const saved = (rev = _rev) => {
      // If something else was fetched meanwhile, it does not descend from this revision.
      if (this.data === data) this.replace(atRevision(data, rev), ...known(rev));
    };
    return { body, saved, isNewRev: _rev !== undefined && _rev !== this.knownRev };
  }

  /** The JSON of the data, and its originals once it is saved. */
  written(data: DocumentData<T>, original = this.original, was = this.was) {
    if (data._id !== this.id) throw new TypeError("`_id` cannot be changed: use copy()");
    this.check(data);
    const { client, codec } = this.context;
    const { json } = client;
    const text = json.stringify(data);
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

  /**
   * Check the data before it is saved.
   *
   * @throws TypeError if it cannot be saved
   */
  protected check(_data: DocumentData<T>): void {}

  /** The document in the database, if it was read or saved. */
  protected get inDatabase(): DocumentData | undefined {
    return this.original?.() as DocumentData | undefined;
  }

  #asRead(data: object, original: Original): Original {
    return this.context.codec?.madeOf(data) ?? original;
  }
}
