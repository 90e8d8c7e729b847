import { basic } from "../auth/basic.js";
import { HttpClient } from "../http/client.js";
import { customRequest, type RequestOptions } from "../http/custom-request.js";
import { toHeaders } from "../http/headers.js";
import { checkHooks } from "../http/hooks.js";
import { databasePath, parseBaseUrl } from "../http/paths.js";
import {
  argumentError,
  checkLeast,
  checkNames,
  checkOptions,
  checkTimeouts,
  paramsOf,
} from "../shared/arguments.js";
import type { DocumentSchema } from "../shared/codec.js";
import { UnauthorizedError } from "../shared/errors.js";
import { type Inspection, print } from "../shared/inspect.js";
import type { SureJson } from "../shared/sure-json.js";
import type { JsonObject, OperationOptions, ServerInfo, UserContext } from "../shared/types.js";
import type { AllDbsParams, CouchDBOptions, CreateDatabaseOptions } from "./couchdb-options.js";
import { Database } from "./database.js";

/**
 * A session with a CouchDB server. Creating one sends no request.
 *
 * ```ts
 * const couch = new CouchDB("http://localhost:5984", { auth: basic("admin", "secret") });
 * const animals = await couch.create("animals", { existsOk: true });
 * ```
 */
export class CouchDB {
  readonly #client: HttpClient;

  /**
   * @param url - the server's URL; `user:password@` in it, percent-encoded, is used as `basic` authentication
   * @throws TypeError if the URL is not http(s), or has a character that must be percent-encoded, if it has
   * credentials and there is `auth`, too, if headers cannot be sent, or if a hook is not a function
   * @throws RangeError if `timeout`, `silenceTimeout` or `retry.limit` is out of range
   */
  constructor(url: string | URL, options: CouchDBOptions = {}) {
    checkNames("options", options, "auth fetch headers hooks retry json timeout silenceTimeout");
    const { base, user, password } = parseBaseUrl(url);
    const isInUrl = user || password;
    const { auth, timeout = 30_000, silenceTimeout = 300_000, retry = {}, hooks } = options;
    if (isInUrl && auth) throw new TypeError("pass either `auth` or credentials in `url`");
    checkNames("retry", retry, "limit");
    if (hooks) checkHooks(hooks);
    checkTimeouts({ timeout, silenceTimeout });
    checkLeast("retry.limit", retry.limit ?? 0, 0);
    if (auth && typeof auth.headers !== "function")
      throw argumentError("auth", "an Auth such as basic()", auth);
    this.#client = new HttpClient(base, (options.json ?? JSON) as SureJson, {
      ...options,
      auth: isInUrl ? basic(user, password) : auth,
      headers: toHeaders(options.headers),
      timeout,
      silenceTimeout,
      retries: retry.limit ?? 2,
      feedRetries: retry.limit ?? Infinity,
    });
  }

  /**
   * Ask the server which user it recognizes.
   *
   * @throws UnauthorizedError if the server does not accept the credentials
   * @see https://docs.couchdb.org/en/stable/api/server/authn.html#get--_session
   */
  async checkCredentials(options: OperationOptions = {}): Promise<UserContext> {
    checkOptions(options, "");
    const client = this.#client;
    const request = {
      method: "GET",
      path: "_session",
      expects: "userCtx",
      limits: options,
    } as const;
    const read = async () => (await client.value<{ userCtx: UserContext }>(request)).userCtx;
    const { auth, authServer } = client.session;
    // Returns true if the Auth may have better credentials.
    const renew = async () => {
      const response = { status: 401, headers: new Headers(), reason: undefined };
      return auth?.onResponse?.({ ...response, sent: await auth.headers(authServer) }, authServer);
    };
    let userCtx = await read();
    const isAnonymous = () => auth && userCtx?.name == null;
    // CouchDB does not reject a cookie that it does not recognize.
    if (isAnonymous() && (await client.during(options, renew))) userCtx = await read();
    if (!isAnonymous()) return userCtx;
    const reason = "the server ignored the credentials";
    throw client.error(UnauthorizedError, request, { reason });
  }

  /**
   * Get a database that exists.
   *
   * ```ts
   * const animals = await couch.get("animals");
   * ```
   *
   * @throws NotFoundError if it does not exist
   */
  async get<T extends object = JsonObject>(
    name: string,
    options: OperationOptions = {},
  ): Promise<Database<T>> {
    const database = this.database<T>(name);
    await database.info(options);
    return database;
  }

  /**
   * A database with a schema, which validates the documents and determines their type. Sends no request.
   *
   * ```ts
   * const Animal = z.object({ legs: z.number() });
   * const animals = couch.database("animals", { schema: standardSchema(Animal) });
   * ```
   *
   * @throws TypeError if `schema` was not created by `standardSchema`
   */
  database<T extends object, S extends object>(
    name: string,
    options: { schema: DocumentSchema<T, S> },
  ): Database<T, S>;
  /**
   * A database, which need not exist. Sends no request.
   *
   * @typeParam T - the type of the documents' own members
   * @throws TypeError if the name is invalid
   */
  database<T extends object = JsonObject>(name: string): Database<T>;
  database(name: string, options?: { schema: DocumentSchema<object> }): Database {
    const client = this.#client;
    const context = { name, path: databasePath(name), client };
    if (!options) return new Database(context);
    checkNames("options", options, "schema");
    if (typeof Object(options.schema).toCodec !== "function")
      throw new TypeError("`schema` must be made by standardSchema()");
    return new Database({ ...context, codec: options.schema.toCodec(client.json) });
  }

  /**
   * Create a database.
   *
   * @throws PreconditionFailedError if it exists, unless `existsOk`
   * @see https://docs.couchdb.org/en/stable/api/database/common.html#put--db
   */
  async create<T extends object = JsonObject>(
    name: string,
    options: CreateDatabaseOptions = {},
  ): Promise<Database<T>> {
    const known = "existsOk q n partitioned" as const;
    const { existsOk = false, ...query } = paramsOf(options, known);
    try {
      await this.#client.value({
        method: "PUT",
        path: databasePath(name),
        query,
        expects: "ok",
        // With `existsOk`, it does not matter which request created it.
        effect: existsOk ? "idempotent" : "write",
        limits: options,
      });
    } catch (error) {
      if (!existsOk || Object(error).error !== "file_exists") throw error;
    }
    return this.database<T>(name);
  }

  /**
   * List the names of the databases.
   *
   * ```ts
   * const zoos = await couch.keys({ startkey: "zoo", limit: 10 });
   * ```
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#all-dbs
   */
  async keys(options: AllDbsParams = {}): Promise<string[]> {
    const query = paramsOf(options, "startkey endkey inclusive_end descending limit skip");
    return this.#client.value<string[]>({
      method: "GET",
      path: "_all_dbs",
      query,
      expects: "length",
      limits: options,
    });
  }

  /**
   * Delete a database and all its documents.
   *
   * @throws NotFoundError if it does not exist
   */
  async delete(name: string, options: OperationOptions = {}): Promise<void> {
    await this.database(name).delete(options);
  }

  /**
   * Read the server's version and features.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--
   */
  async info(options: OperationOptions = {}): Promise<ServerInfo> {
    checkOptions(options, "");
    return this.#client.value<ServerInfo>({
      method: "GET",
      path: "",
      expects: "couchdb",
      limits: options,
    });
  }

  /**
   * Send a request that couchfetch has no method for, with the session's authentication, timeout and errors.
   *
   * ```ts
   * const page = await couch.request("animals/_design/zoo/_show/page/cat", { query: { format: "html" } });
   * console.log(await page.text());
   * ```
   *
   * @param path - below the server's URL, encoded; it may include a query
   * @returns the response, also a 304 that `headers` ask for. Its body is still arriving: read it, or cancel it
   * @throws CouchDBError if the response is not successful
   * @throws TypeError if the path leaves the server's URL
   */
  async request(path: string, options: RequestOptions = {}): Promise<Response> {
    return customRequest(this.#client, path, options);
  }

  /** @internal */
  [Symbol.for("nodejs.util.inspect.custom")](...how: Inspection): string {
    return print(this, how, { url: this.#client.base });
  }

  /** @internal */
  static clientOf(couch: CouchDB): HttpClient {
    return couch.#client;
  }

  /**
   * Abort all requests and feeds of this session, reject new ones, and log out if `auth` has logged in.
   *
   * @throws CouchDBError if the logout fails; the session is closed nevertheless
   */
  close(): Promise<void> {
    return this.#client.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
