import type { Context } from "./context.js";
import { badRequest } from "./errors.js";
import { sendJson } from "./http.js";
import { etagOf } from "./instance.js";

export const NODE = "couchdb@127.0.0.1";
const MAX_UUIDS = 1000;

/** GET / */
export function welcome(context: Context): void {
  sendJson(context, 200, {
    couchdb: "Welcome",
    version: "3.5.0",
    git_sha: "11f0d36",
    uuid: context.instance.uuid,
    features: [
      "quickjs",
      "access-ready",
      "partitioned",
      "pluggable-storage-engines",
      "reshard",
      "scheduler",
    ],
    vendor: { name: "The Apache Software Foundation" },
  });
}

/** GET /_up */
export function up(context: Context): void {
  sendJson(context, 200, { status: "ok", seeds: {} });
}

/** GET /_uuids */
export function uuids(context: Context): void {
  const text = context.query.get("count") ?? "1";
  if (!/^\d+$/.test(text)) throw badRequest("count must be a positive integer");
  const count = Number(text);
  if (count > MAX_UUIDS) throw badRequest("count parameter too large");
  const list = Array.from({ length: count }, () => context.instance.newUuid());
  const headers = {
    "Cache-Control": "no-cache",
    Pragma: "no-cache",
    Expires: "Mon, 01 Jan 1990 00:00:00 GMT",
    ETag: etagOf(list),
  };
  sendJson(context, 200, { uuids: list }, headers);
}

/** GET /_active_tasks: nothing here takes long enough to be a task. */
export function activeTasks(context: Context): void {
  sendJson(context, 200, []);
}

/** GET /_membership */
export function membership(context: Context): void {
  sendJson(context, 200, { all_nodes: [NODE], cluster_nodes: [NODE] });
}
