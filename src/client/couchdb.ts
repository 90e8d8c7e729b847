import type { Auth } from "../auth/auth.js";
import { basic } from "../auth/basic.js";
import { HttpClient } from "../http/client.js";
import { customRequest, type RequestOptions } from "../http/custom-request.js";
import { toHeaders } from "../http/headers.js";
import { databasePath, parseBaseUrl } from "../http/paths.js";
import type { Fetch } from "../http/request.js";
import type { RetryOptions } from "../http/retry.js";
import type { DocumentSchema } from "../shared/codec.js";
import { PreconditionFailedError, UnauthorizedError } from "../shared/errors.js";
import type { SureJson } from "../shared/sure-json.js";
import type {
  Json,
  JsonObject,
  OperationOptions,
  ServerInfo,
  UserContext,
} from "../shared/types.js";
import { Database } from "./database.js";

/** How a session talks to its server. */
export interface CouchDBOptions {
  /** How the session shows who it is. Default: not at all, or the `user:password@` of the URL. */
  auth?: Auth | undefined;
  /** Any fetch: a worker's service binding, a test's. Default: the runtime's. */
  fetch?: Fetch | undefined;
  /** Headers to send with each request. */
  headers?: HeadersInit | undefined;
  /**
   * Milliseconds that the server has to begin its answer, and to complete one that is not streamed.
   * Default 30 000.
   */
  timeout?: number | undefined;
  /** How often to repeat what is safe to send twice. */
  retry?: RetryOptions | undefined;
  /** How JSON is read and written. Default: the runtime's `JSON`. */
  json?: Json | undefined;
}

/**
 * The parameters of a new database.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/common.html#put--db
 */
export interface CreateDatabaseOptions extends OperationOptions {
  /** Do not mind if the database exists. Default false. */
  existsOk?: boolean | undefined;
  /** Shards. */
  q?: number | undefined;
  /** Replicas of each shard. */
  n?: number | undefined;
  /** Whether ids begin with a partition's name, `land:cat`. Default false. */
  partitioned?: boolean | undefined;
}

/**
 * The parameters of the list of databases.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/common.html#all-dbs
 */
export interface AllDbsParams extends OperationOptions {
  /** From this name on. */
  startkey?: string | undefined;
  /** Up to this name. */
  endkey?: string | undefined;
  /** From the last name to the first. Default false. */
  descending?: boolean | undefined;
  /** Names at the most. Default: all there are. */
  limit?: number | undefined;
  /** Pass over so many. Default 0. */
  skip?: number | undefined;
  /** Whether `endkey` itself is part of it. Default true. */
  inclusive_end?: boolean | undefined;
}

// The most that a timer can hold.
const longestTimeout = 2 ** 31 - 1;

/**
 * A session with one CouchDB server. Making one sends nothing.
 *
 * ```ts
 * const couch = new CouchDB("http://localhost:5984", { auth: basic("admin", "secret") });
 * const animals = await couch.create("animals", { existsOk: true });
 * ```
 */
export class CouchDB {
  readonly #client: HttpClient;

  /**
   * @param url - of the server; `user:password@` in it becomes `basic`
   * @throws TypeError for a URL that is not http(s), for credentials both in it and in `auth`, and
   * for headers that cannot be sent
   */
  constructor(url: string | URL, options: CouchDBOptions = {}) {
    const { base, credentials } = parseBaseUrl(url);
    if (credentials && options.auth)
      throw new TypeError("pass either credentials in `url`, or `auth`");
    const { timeout = 30_000, retry = {} } = options;
    if (!(timeout > 0 && timeout <= longestTimeout)) {
      throw new RangeError(`\`timeout\` must be more than 0 and at most ${longestTimeout} ms`);
    }
    if (retry.limit !== undefined && !(retry.limit >= 0)) {
      throw new RangeError("`retry.limit` must be at least 0");
    }
    const auth = credentials ? basic(credentials.user, credentials.password) : options.auth;
    this.#client = new HttpClient(base, (options.json ?? JSON) as SureJson, {
      auth,
      fetch: options.fetch,
      headers: toHeaders(options.headers),
      timeout,
      retries: retry.limit ?? 2,
      feedRetries: retry.limit ?? Infinity,
    });
  }

  /**
   * Asks the server who it takes this session for.
   *
   * @throws UnauthorizedError if it does not accept the credentials
   * @see https://docs.couchdb.org/en/stable/api/server/authn.html#get--_session
   */
  async checkCredentials({ signal }: OperationOptions = {}): Promise<UserContext> {
    const client = this.#client;
    const request = { method: "GET", path: "_session", expects: "userCtx", signal } as const;
    const read = async () =>
      ((await this.#client.value(request)) as { userCtx: UserContext }).userCtx;
    let userCtx = await read();
    const isAnonymous = () => client.session.auth && userCtx?.name == null;
    // CouchDB does not report a cookie that it does not know.
    if (isAnonymous() && (await this.#renewCredentials(signal))) userCtx = await read();
    if (!isAnonymous()) return userCtx;
    const reason = "the server ignored the credentials";
    throw client.error(UnauthorizedError, request, { reason });
  }

  /**
   * A database that exists.
   *
   * @throws NotFoundError if it does not
   */
  async get<T extends object = JsonObject>(
    name: string,
    { signal }: OperationOptions = {},
  ): Promise<Database<T>> {
    await this.#client.value({ method: "HEAD", path: databasePath(name), signal });
    return this.database<T>(name);
  }

  /**
   * A database whose documents are validated by a schema, which also gives them their type. No request.
   *
   * ```ts
   * const Animal = z.object({ legs: z.number() });
   * const animals = couch.database("animals", { schema: standardSchema(Animal) });
   * ```
   *
   * @throws TypeError if `schema` was not made by `standardSchema`
   */
  database<T extends object, S extends object>(
    name: string,
    options: { schema: DocumentSchema<T, S> },
  ): Database<T, S>;
  /**
   * A database. No request.
   *
   * @typeParam T - the type of its documents' own members
   * @throws TypeError if no database can have this name
   */
  database<T extends object = JsonObject>(name: string): Database<T>;
  database(name: string, options?: { schema: DocumentSchema<object> }): Database {
    const client = this.#client;
    const context = { name, path: databasePath(name), client };
    if (!options) return new Database(context);
    if (typeof Object(options.schema).toCodec !== "function")
      throw new TypeError("`schema` must be made by standardSchema()");
    return new Database({ ...context, codec: options.schema.toCodec(client.json) });
  }

  /**
   * Creates a database.
   *
   * @throws PreconditionFailedError if it exists, unless `existsOk`
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#put--db
   */
  async create<T extends object = JsonObject>(
    name: string,
    options: CreateDatabaseOptions = {},
  ): Promise<Database<T>> {
    const { existsOk = false, signal, ...query } = options;
    try {
      await this.#client.value({
        method: "PUT",
        path: databasePath(name),
        query,
        expects: "ok",
        // With `existsOk`, it does not matter which request created it.
        effect: existsOk ? "idempotent" : "write",
        signal,
      });
    } catch (error) {
      const isThere = error instanceof PreconditionFailedError && error.error === "file_exists";
      if (!(existsOk && isThere)) throw error;
    }
    return this.database<T>(name);
  }

  /**
   * The names of the databases.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#all-dbs
   */
  async keys({ signal, ...query }: AllDbsParams = {}): Promise<string[]> {
    return (await this.#client.value({
      method: "GET",
      path: "_all_dbs",
      query,
      expects: "length",
      signal,
    })) as string[];
  }

  /**
   * Deletes a database and all that is in it.
   *
   * @throws NotFoundError if it does not exist
   */
  async delete(name: string, options: OperationOptions = {}): Promise<void> {
    await this.database(name).delete(options);
  }

  /**
   * The server's welcome: its version and what it can do.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--
   */
  async info({ signal }: OperationOptions = {}): Promise<ServerInfo> {
    return (await this.#client.value({
      method: "GET",
      path: "",
      expects: "couchdb",
      signal,
    })) as ServerInfo;
  }

  /**
   * Sends a request that couchfetch has no method for, with the session's authentication, timeout and errors.
   *
   * ```ts
   * const page = await couch.request("animals/_design/zoo/_show/page/cat", { query: { format: "html" } });
   * console.log(await page.text());
   * ```
   *
   * @param path - below the server's URL, encoded; it may have a query
   * @returns the answer, its body still on its way: read it, or cancel it
   * @throws CouchDBError for an answer that is none of success
   * @throws TypeError for a path that would lead out of the server's URL
   */
  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    return customRequest(this.#client, path, options);
  }

  /** @internal */
  static clientOf(couch: CouchDB): HttpClient {
    return couch.#client;
  }

  /**
   * Ends every request and feed of this session, which does no more work; and logs out, where its `auth`
   * has logged in.
   *
   * @throws CouchDBError if that failed: the session is closed all the same
   */
  async close(): Promise<void> {
    await this.#client.close();
  }

  /** The same as `close`, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Tell the Auth that its credentials are not accepted. True if it may have better ones. */
  #renewCredentials(signal: AbortSignal | undefined): Promise<boolean> {
    const { auth, server } = this.#client.session;
    const response = { status: 401, headers: new Headers(), reason: undefined };
    return this.#client.during(signal, async () => {
      if (!auth?.onResponse) return false;
      return auth.onResponse({ ...response, sent: await auth.headers(server) }, server);
    });
  }
}
