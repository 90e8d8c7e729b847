import { mergeBack } from "../features/schema/merge-back.js";
import { asRead } from "../features/schema/validation.js";
import { pathIn } from "../http/paths.js";
import type { Call } from "../http/request.js";
import { atRevision, isLike, ownMembers } from "../shared/json-equal.js";
import type { AttachmentStub, DocumentData, JsonObject } from "../shared/types.js";
import { noteAttachment } from "./attachment-stubs.js";
import type { DatabaseContext } from "./database-context.js";

/** Gives the JSON that a document came as once more, when `save` asks whether it has changed. */
export type Original = () => unknown;

/**
 * The JSON of a document that is here, and whether it has changed.
 *
 * Reading one costs nothing beyond parsing: whether it has changed is found out by reading again the
 * text that it came in, when `save` or `dirty` asks.
 */
export class Content<T extends object = JsonObject> {
  /** The document's id, `_design/` or `_local/` included. */
  readonly id: string;
  readonly #context: DatabaseContext;
  #data: DocumentData<T>;
  /** The document in the database. */
  #original: Original | undefined;
  /** What the data was then: the same, unless a schema made another of it. */
  #was: Original | undefined;

  /** @internal */
  constructor(context: DatabaseContext, id: string, data: object, original?: Original) {
    // What was read needs no look: there may be many.
    if (!original && (typeof data !== "object" || !data || Array.isArray(data) || #data in data)) {
      throw new TypeError("A document's data is an object: of another document, its json");
    }
    this.id = id;
    this.#context = context;
    this.#data = original ? (data as DocumentData<T>) : ({ ...data, _id: id } as DocumentData<T>);
    this.#original = original;
    this.#was = original && asRead(context, data, original);
  }

  /**
   * What a bulk operation needs to know and to do.
   *
   * @internal
   */
  static inside<T extends object>(content: Content<T>) {
    return { context: content.#context, draft: () => content.draft() };
  }

  /** The document's JSON, `_id` and `_rev` included. Change it, then `save`. */
  get data(): DocumentData<T> {
    return this.#data;
  }

  /** The members of `data` that do not begin with `_`. */
  get json(): T {
    return ownMembers(this.#data) as T;
  }

  /** The same as `data`: what `JSON.stringify` writes of a document. */
  toJSON(): DocumentData<T> {
    return this.#data;
  }

  /** The revision that is here, or undefined if the document was never saved, or deleted by `delete`. */
  get rev(): string | undefined {
    return this.#data._rev;
  }

  /** Set it to save over a revision that you know. */
  set rev(rev: string) {
    if (typeof rev !== "string") throw new TypeError("A revision is a string");
    this.#data._rev = rev;
  }

  /** Whether the document was read from the server, or saved, and not deleted. No request. */
  get exists(): boolean {
    return this.#data._rev !== undefined && this.#data._deleted !== true;
  }

  /** Whether there is something to save. */
  get dirty(): boolean {
    const { json } = this.#context.client;
    return this.#was === undefined || !isLike(json, this.#data, this.#was());
  }

  /** @internal */
  protected get context(): DatabaseContext {
    return this.#context;
  }

  /**
   * What it was when it was read or saved; undefined if it was neither.
   *
   * @internal
   */
  protected get original(): DocumentData | undefined {
    return this.#original?.() as DocumentData | undefined;
  }

  /**
   * Takes other data in place of what is here.
   *
   * @internal
   */
  protected become(
    data: object,
    original: Original | undefined,
    was = original && asRead(this.#context, data, original),
  ): void {
    this.#data = data as DocumentData<T>;
    this.#original = original;
    this.#was = was;
  }

  /**
   * Notes an attachment that was saved or deleted: a revision was made of one that may be here.
   *
   * @internal
   */
  protected note(parent: string, rev: string, name: string, stub?: AttachmentStub): void {
    if (this.rev !== parent) return;
    noteAttachment(atRevision(this.#data, rev), name, stub);
    // What is here need not be what this revision holds: `rev` can be set.
    if (this.original?._rev !== parent) return;
    const { json } = this.#context.client;
    // Made once: the original may be shared, and there may be many attachments to come.
    const noted = (before: Original | undefined) => {
      const data = json.parse(json.stringify(before?.())) as DocumentData;
      noteAttachment(atRevision(data, rev), name, stub);
      const text = json.stringify(data);
      return () => json.parse(text);
    };
    const was = this.#was === this.#original ? undefined : this.#was;
    this.#original = noted(this.#original);
    // When it is asked for: of what JSON has no word for, that is an error.
    this.#was = was ? () => noted(was)() : this.#original;
  }

  /** Throws a TypeError for data that cannot be saved. */
  protected check(_data: DocumentData<T>, _original: () => object): void {}

  /**
   * Data as it is now, whatever the user does to it in the meantime: to be sent, and when it is saved.
   *
   * @internal
   */
  protected written(data: DocumentData<T>, original = this.#original, was = this.#was) {
    if (data._id !== this.id) throw new TypeError("A document's _id cannot be changed: copy it");
    this.check(data, () => (this.original ?? {}) as object);
    const { json } = this.#context.client;
    const text = json.stringify(data);
    const isMade = original !== undefined && was !== undefined && was !== original;
    const body = isMade ? mergeBack(json, original(), was(), json.parse(text)) : text;
    const at = (written: string, rev: string | undefined) => () =>
      atRevision(json.parse(written) as DocumentData<T>, rev);
    /** What it is in the database, and what it was here, once it is saved. */
    const known = (rev: string | undefined): [Original, Original] => {
      const now = at(body, rev);
      return [now, isMade ? at(text, rev) : now];
    };
    return { body, known };
  }

  /**
   * What is to be saved, and what is to be done when it was.
   *
   * @internal
   * @param stubs - of attachments that are saved with it
   */
  protected draft(stubs: [name: string, stub: AttachmentStub][] = []) {
    const data = this.#data;
    const { _rev } = data;
    const noteAll = (to: DocumentData<T>) => {
      for (const [name, stub] of stubs) noteAttachment(to, name, stub);
      return to;
    };
    // As it is, unless something comes to it.
    const whole = stubs.length === 0 ? data : { ...data, _attachments: { ...data._attachments } };
    const { body, known } = this.written(noteAll(whole));
    const saved = (rev = _rev) => {
      // Unless something else was fetched meanwhile, which this revision would lend a false descent.
      if (this.#data !== data) return;
      noteAll(atRevision(data, rev));
      [this.#original, this.#was] = known(rev);
    };
    const parent = () => this.original?._rev;
    return { body, saved, isNewRev: () => _rev !== undefined && _rev !== parent() };
  }

  /**
   * Whether there is content to lose. Another revision, set by hand, is none: it is what to act on.
   *
   * @internal
   */
  protected hasChanges(): boolean {
    const was = (this.#was?.() ?? { _id: this.id }) as DocumentData;
    const { json } = this.#context.client;
    return !isLike(json, { ...this.#data, _rev: was._rev }, was);
  }

  /** @internal */
  protected refuseToLoseChanges(method: Call["method"]): void {
    if (!this.hasChanges()) return;
    const reason = "the document here has changes that are not saved";
    throw this.#context.client.conflict(method, pathIn(this.#context, this.id), reason);
  }
}
