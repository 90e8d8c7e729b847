import type { Border } from "../features/schema/validation.js";
import type { Transport } from "../http/client.js";

/** One database, as documents, views and feeds need to know it. */
export interface Scope {
  readonly name: string;
  readonly path: string;
  readonly transport: Transport;
  /** How its documents are checked, if they are. */
  readonly border?: Border | undefined;
}
