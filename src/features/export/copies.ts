import type { DatabaseContext } from "../../documents/database-context.js";
import { copiesOf } from "../../documents/write-outcome.js";
import type { HttpClient } from "../../http/client.js";
import type { Operation } from "../../streams/operation.js";

/** Whether each document has one copy, for each session and database. */
const known = /* @__PURE__ */ new WeakMap<HttpClient, Map<string, boolean>>();

/** Whether the server keeps one copy of each document, rather than several on the nodes of a cluster. */
export async function hasOneCopy(context: DatabaseContext, operation: Operation): Promise<boolean> {
  const { client, path } = context;
  const ofSession = known.get(client) ?? new Map<string, boolean>();
  known.set(client, ofSession);
  const before = ofSession.get(path);
  if (before !== undefined) return before;
  const hasOne = (await copiesOf(context, operation)) === 1;
  ofSession.set(path, hasOne);
  return hasOne;
}
