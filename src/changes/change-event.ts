import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import type { DocumentData, JsonObject, OperationOptions, Sequence } from "../shared/types.js";

/** A change as CouchDB tells it. */
export interface ChangeJson<T extends object = JsonObject> {
  /** Null for most changes with `seq_interval`. */
  seq: Sequence | null;
  id: string;
  changes: { rev: string }[];
  deleted?: boolean;
  /** With `include_docs`. */
  doc?: DocumentData<T> | null;
}

/** The same with `include_docs`. */
export interface DocChangeJson<T extends object = JsonObject> extends ChangeJson<T> {
  /** Of a deletion, the tombstone. Null if the revision is gone. */
  doc: DocumentData<T> | null;
}

abstract class BaseChangeEvent<J extends ChangeJson> {
  abstract readonly deleted: boolean;
  /** The event as it came. */
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

  /** Where the feed stands after this event: the `since` that goes on from here. Null with `seq_interval`. */
  get sequence(): Sequence | null {
    return this.json.seq;
  }
}

/**
 * A document was created or changed.
 *
 * @typeParam T - of the documents
 * @typeParam J - of the event as it came
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
   * @param text - the event's JSON, to read its document again as it came
   */
  constructor(context: DatabaseContext, json: J, text: string) {
    super(json);
    this.#context = context;
    this.#text = text;
  }

  /**
   * The document after the change: what came with `include_docs`, whose data is `json.doc` itself,
   * or else this revision, fetched.
   *
   * @throws NotFoundError if the server has this revision no more
   */
  async doc(options: OperationOptions = {}): Promise<Document<T>> {
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
export class DeletedEvent<
  T extends object = JsonObject,
  J extends ChangeJson<T> = ChangeJson<T>,
> extends BaseChangeEvent<J> {
  readonly deleted = true;
}

/** What a feed gives. Told apart by `instanceof`, or by `deleted`. */
export type ChangeEvent<T extends object = JsonObject, J extends ChangeJson<T> = ChangeJson<T>> =
  | ChangedEvent<T, J>
  | DeletedEvent<T, J>;
