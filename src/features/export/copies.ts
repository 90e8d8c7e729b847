import type { DatabaseContext } from "../../documents/database-context.js";
import type { HttpClient } from "../../http/client.js";
import type { DatabaseInfo } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";

/** Whether each document has one copy, for each session and database. */
const known = /* @__PURE__ */ new WeakMap<HttpClient, Map<string, boolean>>();

/** Whether the server keeps one copy of each document, rather than several on the nodes of a cluster. */
export async function hasOneCopy(
  { client, path }: DatabaseContext,
  operation: Operation,
): Promise<boolean> {
  const ofSession = known.get(client) ?? new Map<string, boolean>();
  known.set(client, ofSession);
  const before = ofSession.get(path);
  if (before !== undefined) return before;
  const info = (await client.value({ method: "GET", path }, operation)) as DatabaseInfo;
  const hasOne = info.cluster?.n === 1;
  ofSession.set(path, hasOne);
  return hasOne;
}
