import type { AuthServer } from "../auth/auth.js";
import type { Batch, Source } from "../shared/batch.js";
import {
  ConflictError,
  type ErrorDetails,
  IncompleteResponseError,
  InvalidResponseError,
  NotFoundError,
  ServerError,
  TimeoutError,
} from "../shared/errors.js";
import type { SureJson } from "../shared/sure-json.js";
import type { OperationOptions, RowsSummary } from "../shared/types.js";
import { LineReader } from "../streams/line-reader.js";
import { closedError, Operation } from "../streams/operation.js";
import { RowReader } from "../streams/row-reader.js";
import { batchesOf, type TextReader } from "./batches.js";
import { failureWithin, isJson, notJson } from "./failure.js";
import { encodeQuery } from "./query.js";
import type {
  HttpRequest,
  JsonRequest,
  JsonResponse,
  OpenResponse,
  StreamRequest,
} from "./request.js";
import { noteCut, type Session, send } from "./send.js";

// CouchDB reads no line of more than 8190 characters, nor do most proxies.
const longestUrl = 8000;

/**
 * The HTTP layer. It sends requests, and returns JSON, rows and errors. It knows CouchDB's response format,
 * but not its endpoints.
 */
export class HttpClient {
  readonly base: string;
  readonly json: SureJson;
  readonly session: Session;
  readonly #operations = new Set<Operation>();
  #closing: Promise<void> | undefined;

  constructor(base: string, json: SureJson, options: Omit<Session, "authServer" | "cutUrls">) {
    this.base = base;
    this.json = json;
    const authServer: AuthServer = {
      url: base,
      timeout: options.timeout,
      // Also in a closed session: several requests may wait for it.
      request: (method, path, { headers, body } = {}) => {
        const operation = new Operation({}, this.#operations);
        const json = body === undefined ? undefined : this.json.stringify(body);
        const request: JsonRequest = { method, path, headers, body: json, effect: "read" };
        const withoutAuth = { ...this.session, auth: undefined };
        return this.request(request, operation, withoutAuth).finally(() => operation.end());
      },
    };
    this.session = { ...options, authServer, cutUrls: new Set() };
  }

  /** Abort all operations, reject new ones, and log out. */
  close(): Promise<void> {
    // Only the first call reports a failure.
    this.#closing ??= this.#close().finally(() => {
      this.#closing = Promise.resolve();
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const operation of this.#operations) operation.abort();
    const { auth, authServer } = this.session;
    await auth?.close?.(authServer);
  }

  /**
   * The URL of a request, as sent and as shown in errors.
   *
   * @throws RangeError if servers and proxies would refuse it for its length
   */
  url({ path, query = {} }: Pick<HttpRequest, "path" | "query">, longest = longestUrl): string {
    const parameters = encodeQuery(query, (value) => this.json.stringify(value));
    // A path from the user may include a query.
    const rest = path.includes("?") ? parameters.replace("?", "&") : parameters;
    const url = `${this.base}/${path}${rest}`;
    if (url.length <= longest) return url;
    const [, name = "path"] = /([^?&]+)=[^&]{999}/.exec(url) ?? [];
    throw new RangeError(`\`${name}\` is too long for a URL`);
  }

  /** Create an error of a request. */
  error<E>(
    Class: new (details: ErrorDetails) => E,
    request: Pick<HttpRequest, "method" | "path" | "query">,
    details: Omit<ErrorDetails, "method" | "url">,
  ): E {
    return new Class({ method: request.method, url: this.url(request), ...details });
  }

  /** Create the error for a response that is not CouchDB's. */
  invalid(
    request: Pick<HttpRequest, "method" | "path" | "query">,
    reason: string,
    status?: number,
    cause?: unknown,
  ): InvalidResponseError {
    return this.error(InvalidResponseError, request, { status, reason, cause });
  }

  /** Create the error for a body that ended early. */
  incomplete(request: HttpRequest, status: number, cause?: unknown): IncompleteResponseError {
    const reason = "the response ended early";
    noteCut(this.session, this.url(request));
    return this.error(IncompleteResponseError, request, { status, reason, cause });
  }

  /** Create the error for a conflict that was found without a 409: `id` and what it is or has. */
  conflict(method: HttpRequest["method"], path: string, id: string, found: string): ConflictError {
    const reason = `\`${id}\` ${found}`;
    const details = { status: 409, error: "conflict", reason, message: reason };
    return this.error(ConflictError, { method, path }, details);
  }

  /** Create the error for something that was not found, without a 404. */
  notFound(path: string, id: string, reason: string): NotFoundError {
    const details = { status: 404, error: "not_found", reason, message: `\`${id}\` is ${reason}` };
    return this.error(NotFoundError, { method: "GET", path }, details);
  }

  /** Begin an operation of several requests. The caller must `end` it. */
  begin(limits: OperationOptions = {}): Operation {
    if (this.#closing) throw closedError();
    return new Operation(limits, this.#operations);
  }

  /** Run work as a new operation. */
  async during<R>(
    limits: OperationOptions | undefined,
    work: (operation: Operation) => R | PromiseLike<R>,
  ): Promise<R> {
    const operation = this.begin(limits);
    try {
      return await operation.race(work(operation));
    } finally {
      operation.end();
    }
  }

  /**
   * Send a request and read the whole response within the session's timeout.
   *
   * @param within - the operation that the request belongs to; default: a new one
   */
  async request(
    request: JsonRequest,
    within?: Operation,
    session = this.session,
  ): Promise<JsonResponse> {
    const operation = within ?? this.begin(request.limits);
    try {
      const whole = { ...request, url: this.url(request) };
      return await send(session, whole, operation, (response, text) => ({
        headers: response.headers,
        text,
        value: this.#parse(request, response, text),
      }));
    } finally {
      if (!within) operation.end();
    }
  }

  /** Send a request and return the JSON of the response. */
  async value<V>(request: JsonRequest, within?: Operation): Promise<V> {
    return (await this.request(request, within)).value as V;
  }

  #parse(request: JsonRequest, response: Response, text: string): unknown {
    const { expects } = request;
    let cause: unknown;
    try {
      const value = this.json.parse(text);
      const isCouch = Object(value) === value && (!expects || expects in (value as object));
      if (isCouch || expects === false) return value;
    } catch (error) {
      cause = error;
    }
    throw this.#notJson(request, response, cause);
  }

  /**
   * Stream the rows of a response. The request is sent when the first rows are read.
   *
   * @param member - undefined for one row per line, up to the line with `last_seq`
   */
  rows(request: StreamRequest, member: string | undefined, operation: Operation): Source<Batch> {
    const summary: RowsSummary = {};
    const parse = (text: string) => this.json.parse(text);
    const reader =
      member === undefined ? new LineReader(parse, summary) : new RowReader(member, parse, summary);
    return this.read(request, operation, reader, summary);
  }

  /** Stream the rows that a given reader finds. */
  read(
    request: StreamRequest,
    operation: Operation,
    reader: TextReader,
    summary: RowsSummary = {},
  ): Source<Batch> {
    const next = batchesOf(reader, {
      open: async () => {
        const opened = await this.open(request, operation, true);
        operation.throwReason();
        if (isJson(opened.response)) request.onResponse?.();
        return opened;
      },
      unfinished: (response) =>
        isJson(response)
          ? this.incomplete(request, response.status)
          : this.#notJson(request, response),
      unreadable: (response, text, cause) => {
        const failure = failureWithin(response, text);
        return failure
          ? this.error(ServerError, request, failure)
          : this.#notJson(request, response, cause);
      },
    });
    return { next, summary };
  }

  /**
   * Send a request, and return the response when its headers have arrived.
   *
   * @param isRows - whether the body is rows: then silence is a lost connection, unless the server may
   * compute
   */
  async open(request: StreamRequest, operation: Operation, isRows = false): Promise<OpenResponse> {
    const whole = { ...request, url: this.url(request) };
    return send(this.session, whole, operation, {
      inPlace: isRows,
      toError: (error, status) => {
        if (!(error instanceof TimeoutError)) return this.incomplete(request, status, error.cause);
        const isLost = isRows && request.silenceTimeout === undefined;
        return isLost ? this.incomplete(request, status, error) : error;
      },
    });
  }

  #notJson(request: HttpRequest, response: Response, cause?: unknown) {
    // A SyntaxError quotes the response, and an error page may quote the request.
    const shown = cause instanceof SyntaxError ? undefined : cause;
    return this.invalid(request, notJson(response), response.status, shown);
  }
}
