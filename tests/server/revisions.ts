import { createHash } from "node:crypto";
import { badRequest } from "./errors.js";

/** Where a revision comes from, as `_revisions` tells it: the hashes, newest first. */
export interface History {
  start: number;
  ids: string[];
}

const REVISION = /^(\d+)-(.*)$/s;

/** A revision as CouchDB understands it: of hashes in full length, the case does not matter. */
export function parseRevision(rev: unknown): History {
  const [, start, hash] = (typeof rev === "string" && REVISION.exec(rev)) || [];
  if (start === undefined || hash === undefined) throw badRequest("Invalid rev format");
  return { start: Number(start), ids: [/^[0-9a-f]{32}$/i.test(hash) ? hash.toLowerCase() : hash] };
}

export function formatRevision({ start, ids }: History): string {
  return `${start}-${ids[0]}`;
}

/** Is that a revision of this history, be it the newest? */
export function isAncestor(rev: string, { history }: { history: History }): boolean {
  return history.ids.some((id, i) => `${history.start - i}-${id}` === rev);
}

/** The order that decides which of two conflicting revisions wins. */
export function compareRevisions(a: string, b: string): number {
  const [left, right] = [parseRevision(a), parseRevision(b)];
  if (left.start !== right.start) return left.start - right.start;
  const [x = "", y = ""] = [left.ids[0], right.ids[0]];
  return x < y ? -1 : Number(x > y);
}

/** The next revision: the same for the same edit of the same revision, as in CouchDB. */
export function nextRevision(parent: History | undefined, ...content: unknown[]): History {
  const { start = 0, ids = [] } = parent ?? {};
  const hash = createHash("md5")
    .update(JSON.stringify([start, ids[0], content]))
    .digest("hex");
  return { start: start + 1, ids: start === 0 ? [hash] : [hash, ...ids] };
}
