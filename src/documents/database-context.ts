import type { Border } from "../features/schema/validation.js";
import type { HttpClient } from "../http/client.js";

/** One database, as documents, views and feeds need to know it. */
export interface DatabaseContext {
  readonly name: string;
  readonly path: string;
  readonly client: HttpClient;
  /** How its documents are checked, if they are. */
  readonly border?: Border | undefined;
}
