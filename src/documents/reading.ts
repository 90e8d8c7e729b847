import { openRevs } from "../features/conflicts.js";
import { type AttachmentPart, readMultipart, withStubs } from "../features/multipart/read.js";
import { admitted, isAdmitted } from "../features/schema/validation.js";
import { pathIn } from "../http/paths.js";
import type { Call } from "../http/request.js";
import { InvalidResponseError } from "../shared/errors.js";
import type {
  DocumentData,
  GetOptions,
  JsonObject,
  OpenRevision,
  OpenRevsOptions,
  OperationOptions,
  WriteResult,
} from "../shared/types.js";
import { Content } from "./document-state.js";

/** What can be asked of the server about a document, and the JSON of it that is here. */
export class Reading<T extends object = JsonObject> extends Content<T> {
  /**
   * Reads the document from the server.
   *
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`
   * @throws NotFoundError if it does not exist or was deleted
   * @throws BadRequestError for an invalid `rev`
   * @param options - `ifChanged`: nothing is read if the server has the revision that is here
   * @returns whether it was read
   * @throws ValidationError for a document that does not match the database's schema, if it has one
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#get--db-docid
   */
  async fetch(
    options: GetOptions & {
      discardChanges?: boolean | undefined;
      ifChanged?: boolean | undefined;
    } = {},
  ): Promise<boolean> {
    const { discardChanges = false, ifChanged = false, signal, ...query } = options;
    if (!discardChanges) this.refuseToLoseChanges("GET");
    const { json } = this.context.client;
    // A revision that was set by hand is not what is here; nor is what no schema has seen.
    const isKnown = this.original?._rev === this.rev && isAdmitted(this.context, this.data);
    const known = ifChanged && isKnown ? this.rev : undefined;
    const answer = await this.read(query, signal, known);
    if (!answer) return false;
    const { value, text } = answer;
    const data = await this.admitted(value as DocumentData<T>, signal);
    // Somebody may have made some while the answer was on its way.
    if (!discardChanges) this.refuseToLoseChanges("GET");
    this.become(data, () => json.parse(text));
    return true;
  }

  /**
   * Reads the document and its attachments in one request: the attachments as they arrive, one after the other.
   * Once the first is there, or the end, the document here is the server's. Leaving the loop closes the connection.
   *
   * ```ts
   * for await (const { name, body } of cat.fetchAttachments()) await store(name, body);
   * ```
   *
   * @param options - `atts_since`: only those that these revisions have not
   * @throws ConflictError if there are unsaved changes, unless `discardChanges`
   * @throws NotFoundError if the document does not exist
   * @throws IncompleteResponseError for a connection that is lost; reading a `body` then fails with it, too
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#efficient-multiple-attachments-retrieving
   */
  async *fetchAttachments(
    options: Omit<GetOptions, "attachments"> & { discardChanges?: boolean | undefined } = {},
  ): AsyncGenerator<AttachmentPart, void, void> {
    const { discardChanges = false, signal, ...query } = options;
    if (!discardChanges) this.refuseToLoseChanges("GET");
    const { client } = this.context;
    const call = {
      method: "GET",
      path: this.path,
      query: { ...query, attachments: true },
    } as const;
    const operation = client.begin(signal);
    try {
      for await (const each of readMultipart(client, call, operation)) {
        if (typeof each !== "string") {
          yield each;
          continue;
        }
        const original = () => withStubs(this.#parsed(each));
        const data = await admitted(this.context, original(), operation);
        if (!discardChanges) this.refuseToLoseChanges("GET");
        this.become(data, original);
      }
    } finally {
      operation.end();
    }
  }

  /**
   * Asks the server for the current revision, without the document.
   *
   * @throws NotFoundError if it does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#head--db-docid
   */
  async info({ signal }: OperationOptions = {}): Promise<WriteResult> {
    const { headers } = await this.request({ method: "HEAD", signal });
    const rev = /"(\d+-.+)"/.exec(headers.get("etag") ?? "")?.[1];
    if (rev) return { ok: true, id: this.id, rev };
    // A `_local` document's ETag is none, and across origins a server may not expose it.
    return { ok: true, id: this.id, rev: (await this.#members({}, signal))._rev as string };
  }

  /**
   * The other leaf revisions, which lost against the current one. Empty if there are none.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/replication/conflicts.html
   */
  async conflicts({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _conflicts = [] } = await this.#members({ conflicts: true }, signal);
    return this.#list(_conflicts);
  }

  /**
   * The revisions that led to the current one, which is the first. Not all need be readable still.
   *
   * @throws NotFoundError if the document does not exist
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-an-extended-revision-history
   */
  async revs({ signal }: OperationOptions = {}): Promise<string[]> {
    const { _revs_info = [] } = await this.#members({ revs_info: true }, signal);
    return this.#list(_revs_info).map(({ rev }) => rev);
  }

  /**
   * Revisions of the document, or all its leaves: the current one, those in conflict with it, and deletions.
   *
   * @param revs - default `"all"`: the leaves
   * @returns each, or that it is `missing`
   * @throws NotFoundError for the leaves of a document that never was
   * @see https://docs.couchdb.org/en/stable/api/document/common.html#obtaining-multiple-revisions-of-a-document
   */
  async openRevs(
    revs: readonly string[] | "all" = "all",
    { signal, ...options }: OpenRevsOptions = {},
  ): Promise<OpenRevision<T>[]> {
    return this.context.client.during(signal, async (operation) => {
      const found = await openRevs<T>(this.context, this.id, revs, options, operation);
      for (const each of found)
        if (each.ok) each.ok = await admitted(this.context, each.ok, operation);
      return found;
    });
  }

  /**
   * Made when needed: most documents of a scan are only read.
   *
   * @internal
   */
  protected get path(): string {
    return pathIn(this.context, this.id);
  }

  /**
   * @internal
   * @param known - a revision: if the server has this, there is no answer
   */
  protected async read(query: GetOptions, signal: AbortSignal | undefined, known?: string) {
    const call = { method: "GET", query: { ...query }, expects: "_id", signal } as const;
    const headers = known === undefined ? undefined : { "if-none-match": `"${known}"` };
    const answer = await this.request({ ...call, headers }).catch((error) => {
      if (known !== undefined && Object(error).status === 304) return undefined;
      throw error;
    });
    if (!answer) return undefined;
    this.#checked(answer.value);
    return answer;
  }

  /** @internal */
  protected admitted(data: DocumentData<T>, signal: AbortSignal | undefined) {
    if (!this.context.border) return data;
    return this.context.client.during(signal, (operation) =>
      admitted(this.context, data, operation),
    );
  }

  #parsed(text: string): DocumentData<T> {
    let value: unknown;
    try {
      value = this.context.client.json.parse(text);
    } catch {}
    return this.#checked(value);
  }

  #checked(value: unknown): DocumentData<T> {
    const { _id, _rev } = Object(value) as DocumentData<T>;
    if (_id === this.id && typeof _rev === "string") return value as DocumentData<T>;
    throw this.#nonsense("another document, or none");
  }

  #list<R>(value: R[]): R[] {
    if (Array.isArray(value) && value.every((each) => each !== null)) return value;
    throw this.#nonsense("what is no list of revisions");
  }

  #nonsense(what: string): InvalidResponseError {
    const reason = `answered with ${what}`;
    const call = { method: "GET", path: this.path } as const;
    return this.context.client.error(InvalidResponseError, call, { reason });
  }

  async #members(query: GetOptions, signal: AbortSignal | undefined): Promise<DocumentData> {
    const { value } = await this.request({
      method: "GET",
      query: { ...query },
      expects: "_rev",
      signal,
    });
    return value as DocumentData;
  }

  /** @internal */
  protected request(call: Omit<Call, "path">) {
    return this.context.client.request({ ...call, path: this.path });
  }
}
