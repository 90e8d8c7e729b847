import type { HttpClient } from "../http/client.js";
import type { Codec } from "../shared/codec.js";

/** A database, as its documents, views and feeds see it. */
export interface DatabaseContext {
  readonly name: string;
  readonly path: string;
  readonly client: HttpClient;
  /** Validates the documents, if the database has a schema. */
  readonly codec?: Codec | undefined;
}

/** Whether CouchDB itself uses the database, such as `_users`. */
export function isSystem({ name }: DatabaseContext): boolean {
  return /(^|\/)_/.test(name);
}
