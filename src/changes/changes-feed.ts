import type { DatabaseContext } from "../documents/database-context.js";
import { encodeSegment } from "../http/paths.js";
import type { Query } from "../http/query.js";
import type { StreamRequest } from "../http/request.js";
import type { Selector } from "../queries/selector.js";
import { checkJson, checkNames } from "../shared/arguments.js";
import type { DatabaseInfo, JsonObject, Sequence } from "../shared/types.js";
import {
  ChangedEvent,
  type ChangeEvent,
  type ChangeJson,
  DeletedEvent,
  type DeletionJson,
} from "./change-event.js";
import { Feed } from "./feed.js";
import { type FeedOptions, feedOptions } from "./feed-options.js";
import { type FeedSource, SkippedChange } from "./feed-source.js";

/**
 * Options of a feed of changes. All but `feed`, `lastEventId`, `params`, `checkpoint`, `onState` and `signal`
 * are passed to CouchDB unchanged.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/changes.html
 */
export interface ChangesOptions<T extends object = JsonObject> extends FeedOptions {
  /** The same as `since`. */
  lastEventId?: Sequence | undefined;
  /** Include the documents. Default false: an event's `doc()` then reads it. */
  include_docs?: boolean | undefined;
  /**
   * Return the newest change first. Only for normal feeds. If the connection is lost, the feed cannot resume,
   * and throws an IncompleteResponseError. Default false.
   */
  descending?: boolean | undefined;
  /** `"all_docs"` lists all leaf revisions of each document, `"main_only"` (default) the winning one. */
  style?: "main_only" | "all_docs" | undefined;
  /**
   * A filter function, as `design/function`: the last slash separates them. Or one of CouchDB's own: `_design`
   * for design documents only. You may leave out `_doc_ids`, `_selector` and `_view`: the options of these
   * names imply them.
   */
  filter?: string;
  /**
   * Parameters for the filter function, in its `req.query`, and for CouchDB. They cannot have the name of an
   * option.
   */
  params?: Record<string, string | number | boolean>;
  /** Return only changes of these documents. */
  doc_ids?: string[];
  /** Return only changes of documents that match this selector. */
  selector?: Selector<T>;
  /** Return only changes of documents for which this view, named like `filter`, emits rows. */
  view?: string;
  /** Set a sequence only in one of this many changes, which is cheaper for a server with many shards. */
  seq_interval?: number | undefined;
  /** Include the other leaf revisions in documents, as `_conflicts`. Default false. */
  conflicts?: boolean | undefined;
  /** Include the content of attachments in documents, in base64. Default false. */
  attachments?: boolean | undefined;
  /** Include the compression of attachments in documents. Default false. */
  att_encoding_info?: boolean | undefined;
}

const changesOptions =
  "lastEventId descending style filter params doc_ids selector view seq_interval include_docs conflicts attachments att_encoding_info" as const;

/**
 * The changes of a database.
 *
 * ```ts
 * for await (const change of animals.changes({ feed: "continuous", since: "now" })) {
 *   console.log(change.id, change.deleted ? "was deleted" : "has changed");
 * }
 * ```
 *
 * A live feed throws NotFoundError if the database is deleted. It also does so if the database was created
 * again meanwhile, but not within the same second, as CouchDB does not show the difference.
 */
export class ChangesFeed<
  T extends object = JsonObject,
  J extends ChangeJson<T> = ChangeJson<T>,
> extends Feed<ChangeEvent<T, J>> {
  /** @internal */
  constructor(context: DatabaseContext, options: ChangesOptions) {
    const source = sourceOf<T, J>(context, options);
    super(source, { ...options, since: options.since ?? options.lastEventId });
  }
}

function sourceOf<T extends object, J extends ChangeJson<T>>(
  context: DatabaseContext,
  options: ChangesOptions,
): FeedSource<ChangeEvent<T, J>> {
  const { client, codec, path } = context;
  const request = changesRequest(context, options);
  let created: string | undefined;
  return {
    client,
    canResume: !options.descending,
    skips: codec?.skips ?? false,
    toRequest: (position) => ({ ...request, query: { ...request.query, ...position } }),
    toEvent(row, text) {
      const deletion = row as DeletionJson;
      if (deletion.deleted) return new DeletedEvent(deletion);
      return new ChangedEvent<T, J>(context, row as J, text);
    },
    validate: (rows, operation) =>
      codec?.validateRows(rows, "row", operation, (row) => new SkippedChange(row as ChangeJson)) ??
      rows,
    sequenceOf: (event) => event.sequence,
    async check(operation, silenceTimeout) {
      const expects = "db_name";
      const request = { method: "GET", path, silenceTimeout, expects, retries: 0 } as const;
      const info = await client.value<DatabaseInfo>(request, operation);
      const before = created;
      created = client.json.stringify(info.instance_start_time);
      if (before === undefined || before === created) return;
      throw client.notFound(path, context.name, "another database now");
    },
  };
}

/** The request, without a position. Invalid options throw here. */
function changesRequest({ client, path }: DatabaseContext, options: ChangesOptions): StreamRequest {
  checkNames("options", options, `${feedOptions} ${changesOptions}` as const);
  const { lastEventId, signal: _, checkpoint, onState: __, ...rest } = options;
  const { params, doc_ids, selector, ...given } = rest;
  const { feed = "normal", descending, since } = given;
  if (descending && (feed !== "normal" || checkpoint))
    throw new TypeError("`descending` excludes live feeds and `checkpoint`");
  if (since !== undefined && lastEventId !== undefined)
    throw new TypeError("pass either `since` or `lastEventId`");
  // Without one of these, CouchDB returns more changes.
  for (const name of "filter params doc_ids selector view".split(" "))
    if (name in options) checkJson(name, options[name as "filter"]);
  // These imply a filter of their name.
  let { filter } = given;
  for (const name of "doc_ids selector view".split(" "))
    if (name in options) {
      filter ??= `_${name}`;
      if (filter !== `_${name}`)
        throw new TypeError(`\`${name}\` excludes the filter \`${filter}\``);
    }
  const query: Query = { ...given, filter };
  for (const name in params)
    if (name in query || "feed since limit heartbeat descending".split(" ").includes(name))
      throw new TypeError(`\`params\` cannot have \`${name}\``);
  for (const name of ["filter", "view"])
    if (query[name] !== undefined)
      // The server decodes both parts of `design/function` once more.
      query[name] = encodeSegment(query[name] as string).replace(/%2F(?!.*%2F)/, "/");
  const request: StreamRequest = {
    method: "GET",
    path: `${path}/_changes`,
    query: { ...params, ...query },
  };
  client.url(request);
  // To filter, the server may read many changes between two that it sends.
  if (filter) request.silenceTimeout = client.session.silenceTimeout;
  if (!doc_ids && !selector) return request;
  const body = client.json.stringify({ doc_ids, selector });
  return { ...request, method: "POST", body, effect: "read" };
}
