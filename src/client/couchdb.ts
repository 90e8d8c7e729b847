import type { Auth } from "../auth/auth.js";
import { basic } from "../auth/basic.js";
import type { Feed } from "../changes/feed.js";
import type { FeedOptions } from "../changes/feed-options.js";
import { type DatabaseUpdate, updates } from "../features/db-updates.js";
import type {
  SchemaInput,
  SchemaOptions,
  SchemaOutput,
  StandardSchema,
} from "../features/schema/standard-schema.js";
import { checkBorder } from "../features/schema/validation.js";
import { Users } from "../features/users.js";
import { HttpClient } from "../http/client.js";
import { type RequestOptions, request } from "../http/custom-request.js";
import { toHeaders } from "../http/headers.js";
import { databasePath, parseBaseUrl } from "../http/paths.js";
import type { Call, Fetch, SureJson } from "../http/request.js";
import type { RetryOptions } from "../http/retry.js";
import { PreconditionFailedError, UnauthorizedError } from "../shared/errors.js";
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
  readonly #hasAuth: boolean;

  /**
   * @param url - of the server; `user:password@` in it becomes `basic`
   * @throws TypeError for a URL that is not http(s), for credentials both in it and in `auth`, and
   * for headers that cannot be sent
   */
  constructor(url: string | URL, options: CouchDBOptions = {}) {
    const { base, credentials } = parseBaseUrl(url);
    if (credentials && options.auth) {
      throw new TypeError("Give the credentials in the URL or as auth, not both");
    }
    const { timeout = 30_000, retry = {} } = options;
    if (!(timeout > 0 && timeout <= longestTimeout)) {
      throw new RangeError(`timeout is in milliseconds, more than 0 and at most ${longestTimeout}`);
    }
    if (retry.limit !== undefined && !(retry.limit >= 0)) {
      throw new RangeError("retry.limit cannot be negative");
    }
    const auth = credentials ? basic(credentials.user, credentials.password) : options.auth;
    this.#hasAuth = auth !== undefined;
    this.#client = new HttpClient(base, (options.json ?? JSON) as SureJson, {
      auth,
      fetch: options.fetch,
      headers: toHeaders(options.headers),
      timeout,
      retries: retry.limit ?? 2,
      feedRetries: retry.limit ?? Number.POSITIVE_INFINITY,
    });
  }

  /**
   * Asks the server who it takes this session for.
   *
   * @throws UnauthorizedError if it does not accept the credentials
   * @see https://docs.couchdb.org/en/stable/api/server/authn.html#get--_session
   */
  async checkCredentials({ signal }: OperationOptions = {}): Promise<UserContext> {
    const call = { method: "GET", path: "_session", expects: "userCtx", signal } as const;
    const ask = async () => ((await this.#request(call)) as { userCtx: UserContext }).userCtx;
    let userCtx = await ask();
    const isNobody = () => this.#hasAuth && userCtx?.name == null;
    // CouchDB takes who has a cookie that it does not know for nobody, and says no more.
    if (isNobody() && (await this.#client.identifyAnew(signal))) userCtx = await ask();
    if (isNobody()) {
      const reason = "the server took no notice of the credentials";
      throw this.#client.error(UnauthorizedError, call, { reason });
    }
    return userCtx;
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
    await this.#request({ method: "HEAD", path: databasePath(name), signal });
    return this.database<T>(name);
  }

  /**
   * A database whose documents a schema checks, by which they also have their type. No request.
   *
   * ```ts
   * const Animal = z.object({ legs: z.number() });
   * const animals = couch.database("animals", { schema: Animal });
   * ```
   *
   * @throws TypeError for what is no Standard Schema
   */
  database<S extends StandardSchema<unknown, object>>(
    name: string,
    options: SchemaOptions<S>,
  ): Database<SchemaOutput<S>, SchemaInput<S>>;
  /**
   * A database, without a request.
   *
   * @typeParam T - the type of its documents' own members
   * @throws TypeError for a name that no database can have
   */
  database<T extends object = JsonObject>(name: string): Database<T>;
  database(name: string, border?: SchemaOptions<StandardSchema<unknown, object>>): Database {
    if (border) checkBorder(border);
    const context = { name, path: databasePath(name), client: this.#client };
    return new Database(border ? { ...context, border: { ...border } } : context);
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
      await this.#request({
        method: "PUT",
        path: databasePath(name),
        query,
        expects: "ok",
        // Who does not mind if it exists does not mind who made it.
        repeats: existsOk,
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
    return (await this.#request({
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
    return (await this.#request({
      method: "GET",
      path: "",
      expects: "couchdb",
      signal,
    })) as ServerInfo;
  }

  /** The server's users. */
  get users(): Users {
    const name = "_users";
    return new Users({ name, path: databasePath(name), client: this.#client });
  }

  /**
   * What happens to the server's databases: those there are, or also those to come. For administrators.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_db_updates
   */
  updates(options: FeedOptions = {}): Feed<DatabaseUpdate> {
    return updates(this.#client, options);
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
    return request(this.#client, path, options);
  }

  /**
   * What other parts of couchfetch send their requests by.
   *
   * @internal
   */
  static inside(couch: CouchDB): HttpClient {
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

  async #request(call: Call): Promise<unknown> {
    return (await this.#client.request(call)).value;
  }
}
