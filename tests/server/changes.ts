import { type Filter, openFilter } from "./change-filters.js";
import type { DatabaseContext } from "./context.js";
import type { Database } from "./database.js";
import { badRequest, CouchError } from "./errors.js";
import { Feed } from "./feed.js";
import { notModified, readObject } from "./http.js";
import { etagOf } from "./instance.js";
import type { Doc } from "./types.js";

const FEEDS = ["normal", "continuous", "live", "longpoll", "eventsource"];
const MAX_TIMEOUT = 60_000;

/** What `_changes` and `_db_updates` have in common. */
export interface FeedParams {
  feed: string;
  limit: number;
  /** How often an idle feed shows that it lives; without, it ends after `timeout`. */
  heartbeat: number | undefined;
  timeout: number;
}

export interface ChangesParams extends FeedParams {
  since: number;
  descending: boolean;
  include_docs: boolean;
  conflicts: boolean;
  attachments: boolean;
  att_encoding_info: boolean;
  style: string;
  /** Only every so many rows have a sequence, which costs CouchDB much. */
  seq_interval: number;
}

function heartbeatOf(text: string | null): number | undefined {
  if (text === null || text === "false") return undefined;
  if (text === "true") return MAX_TIMEOUT;
  if (!/^-?\d+$/.test(text)) {
    const reason = "Invalid heartbeat value. Expecting a positive integer value (in milliseconds).";
    throw badRequest(reason);
  }
  if (Number(text) > 0) return Math.min(Number(text), MAX_TIMEOUT);
  throw badRequest("The heartbeat value should be a positive integer (in milliseconds).");
}

function integer(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new CouchError(500, "unknown_error", "badarg");
}

async function positionOf(db: Database, since: string): Promise<number> {
  return since === "now" ? db.sequence() : db.parseSequence(since);
}

export function readFeedParams(query: URLSearchParams): FeedParams {
  const feed = query.get("feed") ?? "normal";
  if (!FEEDS.includes(feed)) {
    throw badRequest("Supported `feed` types: normal, continuous, live, longpoll, eventsource");
  }
  const limit = integer(query.get("limit") ?? "-1");
  return {
    feed: feed === "live" ? "continuous" : feed,
    limit: limit < 0 ? Number.POSITIVE_INFINITY : limit,
    heartbeat: heartbeatOf(query.get("heartbeat")),
    timeout: Math.min(integer(query.get("timeout") ?? String(MAX_TIMEOUT)), MAX_TIMEOUT),
  };
}

async function readParams(context: DatabaseContext): Promise<ChangesParams> {
  const { db, query, request } = context;
  const params = readFeedParams(query);
  const flag = (name: string) => query.get(name) === "true";
  // A browser's EventSource tells by a header where it was.
  const header = params.feed === "eventsource" ? request.headers["last-event-id"] : undefined;
  const since = query.get("last-event-id") ?? header?.toString() ?? query.get("since") ?? "0";
  const descending = flag("descending");
  return {
    ...params,
    since: descending ? 0 : await positionOf(db, since),
    descending,
    include_docs: flag("include_docs"),
    conflicts: flag("conflicts"),
    attachments: flag("attachments"),
    att_encoding_info: flag("att_encoding_info"),
    style: query.get("style") ?? "main_only",
    seq_interval: integer(query.get("seq_interval") ?? "1"),
  };
}

/** GET and POST /db/_changes */
export async function changes(context: DatabaseContext): Promise<void> {
  const body = await readBody(context);
  const params = await readParams(context);
  const filter = await openFilter(context, body);
  if (params.feed === "normal") return normal(context, params, filter);
  const headers =
    params.feed === "eventsource"
      ? { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" }
      : undefined;
  const feed = new Feed(context, params, filter, headers);
  await feed.run();
}

async function normal(
  context: DatabaseContext,
  params: ChangesParams,
  filter: Filter | undefined,
): Promise<void> {
  const { db } = context;
  const etag = etagOf(db.incarnation, await db.sequence());
  if (notModified(context, etag)) return;
  await new Feed(context, params, filter, { ETag: etag }).run();
}

async function readBody(context: DatabaseContext): Promise<Doc> {
  const { request } = context;
  const isEmpty = request.headers["content-length"] === "0";
  if (request.method !== "POST" || isEmpty) return {};
  return readObject(context);
}
