import type { DatabaseContext } from "./context.js";
import { badRequest } from "./errors.js";
import { readObject, sendJson } from "./http.js";
import { checkRevision } from "./validation.js";

const MAX_DOCUMENTS = 100;
const MAX_REVISIONS = 1000;

/** POST /db/_purge */
export async function purge(context: DatabaseContext): Promise<void> {
  const body = await readObject(context);
  const wanted = Object.entries(body).map(([id, revs]): [string, string[]] => {
    if (!Array.isArray(revs)) throw badRequest("Invalid list of revisions");
    return [id, revs.map(checkRevision)];
  });
  if (wanted.length > MAX_DOCUMENTS) throw badRequest("Exceeded maximum number of documents.");
  if (wanted.flatMap(([, revs]) => revs).length > MAX_REVISIONS) {
    throw badRequest("Exceeded maximum number of revisions.");
  }
  const purged = await context.db.purge(Object.fromEntries(wanted));
  sendJson(context, 201, { purge_seq: null, purged });
}
