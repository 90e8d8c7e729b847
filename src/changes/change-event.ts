import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { checkOptions } from "../shared/arguments.js";
import type {
  DocumentData,
  JsonObject,
  OperationOptions,
  Sequence,
  Tombstone,
} from "../shared/types.js";

/** A change of a document that exists, as CouchDB sends it. */
export interface ChangeJson<T extends object = JsonObject> {
  /** Null for most changes with `seq_interval`. */
  seq: Sequence | null;
  id: string;
  changes: { rev: string }[];
  /** With `include_docs`. */
  doc?: DocumentData<T> | null;
}

/** A change with `include_docs`. */
export interface DocChangeJson<T extends object = JsonObject> extends ChangeJson<T> {
  /** Null if the revision no longer exists. */
  doc: DocumentData<T> | null;
}

/** A deletion, as CouchDB sends it. */
export interface DeletionJson extends Omit<ChangeJson, "doc"> {
  deleted: true;
  /** With `include_docs`. */
  doc?: Tombstone | null;
}

abstract class BaseChangeEvent<J extends ChangeJson | DeletionJson> {
  abstract readonly deleted: boolean;
  /** The change, as CouchDB sent it. */
  readonly json: J;

  constructor(json: J) {
    this.json = json;
  }

  /** The document's id. */
  get id(): string {
    return this.json.id;
  }

  /** The document's new revision. */
  get rev(): string {
    return this.json.changes[0]?.rev ?? "";
  }

  /** The sequence after this event: pass it as `since` to resume. Mostly null with `seq_interval`. */
  get sequence(): Sequence | null {
    return this.json.seq;
  }
}

/**
 * A document was created or changed.
 *
 * @typeParam T - the type of the documents' own members
 * @typeParam J - the type of the change
 */
export class ChangedEvent<
  T extends object = JsonObject,
  J extends ChangeJson<T> = ChangeJson<T>,
> extends BaseChangeEvent<J> {
  readonly deleted = false;
  readonly #context: DatabaseContext;
  readonly #text: string;

  /**
   * @internal
   * @param text - the JSON of the change, to parse its document again
   */
  constructor(context: DatabaseContext, json: J, text: string) {
    super(json);
    this.#context = context;
    this.#text = text;
  }

  /**
   * Get the document after the change. With `include_docs`, its data is `json.doc` itself; otherwise, this
   * revision is read from the server.
   *
   * ```ts
   * if (!change.deleted) console.log((await change.doc()).data);
   * ```
   *
   * @throws NotFoundError if the server no longer has this revision
   */
  async doc(options: OperationOptions = {}): Promise<Document<T>> {
    checkOptions(options, "");
    const { doc } = this.json;
    if (doc) {
      const original = () => (this.#context.client.json.parse(this.#text) as ChangeJson).doc;
      return new Document<T>(this.#context, this.id, doc, original);
    }
    const document = new Document<T>(this.#context, this.id, {});
    await document.fetch({ ...options, rev: this.rev, discardChanges: true });
    return document;
  }
}

/** A document was deleted. */
export class DeletedEvent extends BaseChangeEvent<DeletionJson> {
  readonly deleted = true;
}

/** An event of a feed. Use `instanceof` or `deleted` to distinguish the two types. */
export type ChangeEvent<T extends object = JsonObject, J extends ChangeJson<T> = ChangeJson<T>> =
  | ChangedEvent<T, J>
  | DeletedEvent;
