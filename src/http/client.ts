import type { AuthServer } from "../auth/auth.js";
import {
  ConflictError,
  type ErrorDetails,
  IncompleteResponseError,
  InvalidResponseError,
  ServerError,
  TimeoutError,
} from "../shared/errors.js";
import type { RowsSummary } from "../shared/types.js";
import type { Batch, Pull, Source } from "../streams/batch.js";
import { LineReader } from "../streams/line-reader.js";
import { ResultsReader } from "../streams/multi-result-reader.js";
import { closedError, Operation } from "../streams/operation.js";
import { RowReader } from "../streams/row-reader.js";
import { type BodyReader, bytesOf, readInPlace } from "./body.js";
import { encodeQuery } from "./query.js";
import {
  type Call,
  type JsonResponse,
  type OpenResponse,
  reads,
  type SureJson,
} from "./request.js";
import { type Exchange, type Sender, send } from "./send.js";

// Some runtimes give half a megabyte at once: rows that are parsed together are in memory together.
const largestPiece = 65_536;

/** HTTP, and of CouchDB only how it answers: calls go out; JSON, rows and errors come back. */
export class HttpClient {
  readonly base: string;
  readonly json: SureJson;
  readonly timeout: number;
  /** How often what is safe to send twice is tried again; and a live feed, on end and without progress. */
  readonly retries: number;
  readonly feedRetries: number;
  readonly #sender: Sender;
  readonly #operations = new Set<Operation>();
  #closing: Promise<void> | undefined;

  constructor(base: string, json: SureJson, sender: Omit<Sender, "server">) {
    this.base = base;
    this.json = json;
    this.timeout = sender.timeout;
    this.retries = sender.retries;
    this.feedRetries = sender.feedRetries;
    const server: AuthServer = {
      url: base,
      request: (method, path, details) => this.#identify({ method, path }, details),
    };
    this.#sender = { ...sender, server };
  }

  /** Ends all that is under way, refuses what is to come, and logs out. */
  close(): Promise<void> {
    // Told once, to all who wait for it.
    this.#closing ??= this.#close().finally(() => {
      this.#closing = Promise.resolve();
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const operation of this.#operations) operation.abort();
    await this.#sender.auth?.close?.(this.#sender.server);
  }

  /** What the session's Auth shows that it is. */
  identity(): Promise<Record<string, string>> {
    const { auth, server } = this.#sender;
    return this.during(undefined, () => auth?.headers(server) ?? {});
  }

  /** Tells the session's Auth that what it has is not known; true if it may have better. */
  identifyAnew(signal: AbortSignal | undefined): Promise<boolean> {
    const { auth, server } = this.#sender;
    const answer = { status: 401, headers: new Headers(), reason: undefined };
    return this.during(signal, async () => {
      if (!auth?.answered) return false;
      return auth.answered({ ...answer, sent: await auth.headers(server) }, server);
    });
  }

  /** A request of the session's Auth, which all who wait for it wait for, also when the session is closed. */
  async #identify(
    target: Pick<Call, "method" | "path">,
    { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
  ): Promise<JsonResponse> {
    const operation = new Operation(undefined, this.#operations);
    const json = body === undefined ? undefined : this.json.stringify(body);
    try {
      // To ask who one is twice does no harm.
      const call: Call = { ...target, headers, body: json, reads: true, anonymous: true };
      return await this.request(call, operation);
    } finally {
      operation.end();
    }
  }

  /** The URL of a call, as it is sent and as errors show it. */
  url(call: Pick<Call, "path" | "query">): string {
    const query = encodeQuery(call.query ?? {}, (value) => this.json.stringify(value));
    // A path that is the user's may have a query of its own.
    const rest = call.path.includes("?") ? query.replace("?", "&") : query;
    return `${this.base}/${call.path}${rest}`;
  }

  /** An error of a call: what was asked of what goes with the details. */
  error<E>(
    Class: new (details: ErrorDetails) => E,
    call: Pick<Call, "method" | "path" | "query">,
    details: Omit<ErrorDetails, "method" | "url">,
  ): E {
    return new Class({ method: call.method, url: this.url(call), ...details });
  }

  /** A conflict that is found here, before anything is sent. */
  conflict(method: Call["method"], path: string, reason: string): ConflictError {
    const details = { status: 409, error: "conflict", reason };
    return this.error(ConflictError, { method, path }, details);
  }

  /** The server has given no sign of itself for too long. */
  silent(call: Call, milliseconds: number): TimeoutError {
    const { method } = call;
    const reason = `the server was silent for ${milliseconds} ms`;
    const mayHaveHappened = !reads(call);
    return new TimeoutError({ method, url: this.url(call), reason, mayHaveHappened });
  }

  /** Begins an operation of several requests, which must `land` at its end. */
  begin(signal: AbortSignal | undefined): Operation {
    if (this.#closing) throw closedError();
    return new Operation(signal, this.#operations);
  }

  /** Waits for work that is not a request, as long as the session is open and the signal has not aborted. */
  async during<R>(
    signal: AbortSignal | undefined,
    work: (operation: Operation) => R | PromiseLike<R>,
  ): Promise<R> {
    const operation = this.begin(signal);
    try {
      return await operation.race(Promise.resolve(work(operation)));
    } finally {
      operation.end();
    }
  }

  /**
   * Sends a request and reads the answer whole, within the session's timeout.
   *
   * @param within - the operation that it is part of, if it is not one by itself
   */
  async request(call: Call, within?: Operation): Promise<JsonResponse> {
    const operation = within ?? this.begin(call.signal);
    try {
      const { response, text } = await this.#send(call, operation, true);
      const isJson = call.method !== "HEAD" && !call.raw;
      const value = isJson ? this.#parse(call, response, text) : undefined;
      return { headers: response.headers, text, value };
    } finally {
      if (!within) operation.end();
    }
  }

  /** The rows of an answer as they arrive. The request is sent when the first are asked for. */
  rows(call: Call, member: string, operation: Operation): Source<Batch> {
    const summary: RowsSummary = {};
    const reader = new RowReader(member, (text) => this.json.parse(text), summary);
    return { next: this.#batches(call, operation, reader), summary };
  }

  /** The same of an answer that has a value a line, up to the one with its `last_seq`. */
  lines(call: Call, operation: Operation): Source<Batch> {
    const summary: RowsSummary = {};
    const reader = new LineReader((text) => this.json.parse(text), summary);
    return { next: this.#batches(call, operation, reader), summary };
  }

  /** The rows of several results, with an `EndOfResult` after those of each. */
  results(call: Call, operation: Operation): Source<Batch> {
    const reader = new ResultsReader((text) => this.json.parse(text));
    return { next: this.#batches(call, operation, reader), summary: {} };
  }

  #batches(
    call: Call,
    operation: Operation,
    reader: RowReader | LineReader | ResultsReader,
  ): Pull<Batch> {
    const decoder = new TextDecoder();
    let opened: OpenResponse | undefined;
    let chunk: Uint8Array = new Uint8Array();
    let at = 0;
    let failure: Error | undefined;
    return async () => {
      if (!opened) {
        opened = await this.open(call, operation, readInPlace);
        operation.throwIfEnded();
        if (isJson(opened.response)) call.onResponse?.();
      }
      for (;;) {
        if (failure) throw failure;
        if (at >= chunk.length) {
          if (reader instanceof LineReader && reader.ended) {
            // What keeps the connection open, a proxy perhaps, has nothing more to say.
            opened.close();
            return undefined;
          }
          const { done, value } = await opened.bytes.next();
          if (done && !reader.ended) throw this.#unfinished(call, opened.response);
          if (done) return undefined;
          chunk = value;
          at = 0;
        }
        const isSmall = chunk.length <= largestPiece;
        const piece = isSmall ? chunk : chunk.subarray(at, at + largestPiece);
        const text = decoder.decode(piece, { stream: true });
        at += largestPiece;
        const batch: Batch = { rows: [], texts: [] };
        try {
          reader.push(text, batch);
        } catch (cause) {
          const { response } = opened;
          failure =
            this.#failureWithin(call, response, text) ?? this.#unread(call, response, cause);
        }
        if (batch.rows.length > 0) return batch;
      }
    };
  }

  /** An answer whose body is still on its way. To `close` it closes the connection. */
  async open(
    call: Call,
    operation: Operation,
    toReader: (body: ReadableStream<Uint8Array>) => BodyReader = (body) => body.getReader(),
  ): Promise<OpenResponse> {
    const { response, signal, close } = await this.#send(call, operation, false);
    const reader = response.body && toReader(response.body);
    const { silence = Number.POSITIVE_INFINITY } = call;
    const bytes = bytesOf(reader, operation, {
      silence,
      silent: () => this.silent(call, silence),
      cut: (cause) => this.#incomplete(call, response, cause),
      signal,
      close,
    });
    return { response, bytes, close };
  }

  async #send(call: Call, operation: Operation, isWhole: boolean): Promise<Exchange> {
    const exchange = await send(this.#sender, call, this.url(call), operation, isWhole);
    const { response, close } = exchange;
    const isCouch = call.raw || isJson(response);
    if (call.method !== "HEAD" || isCouch) return exchange;
    close();
    throw this.#invalid(call, "answered without CouchDB's content type", response);
  }

  #parse(call: Call, response: Response, text: string): unknown {
    let value: unknown;
    try {
      value = text === "" ? undefined : this.json.parse(text);
    } catch (cause) {
      throw this.#unread(call, response, cause);
    }
    if (call.scalar && text !== "") return value;
    if (isObject(value) && (call.expects === undefined || call.expects in (value as object)))
      return value;
    const what = text === "" ? "an empty body" : "JSON that is not CouchDB's";
    throw this.#invalid(call, `answered with ${what}`, response);
  }

  #unread(call: Call, response: Response, cause?: unknown) {
    const type = response.headers.get("content-type") ?? "no content type";
    const reason = `answered with ${type} that is not CouchDB's JSON`;
    // A SyntaxError quotes the answer, which may be a page that quotes the request.
    return this.#invalid(call, reason, response, cause instanceof SyntaxError ? undefined : cause);
  }

  /** What CouchDB appends to an answer that has begun when it cannot go on, or undefined. */
  #failureWithin(call: Call, { status }: Response, text: string): ServerError | undefined {
    const [, json] = /\n(\{"(?:code|error)":.*\})\s*$/.exec(text) ?? [];
    if (json === undefined) return undefined;
    const failure = this.json.parse(json) as { code?: number; error?: string; reason?: string };
    const { code = status, error, reason } = failure;
    return this.error(ServerError, call, { status: Number(code), error, reason });
  }

  /** What has ended too soon: CouchDB's, or a page that knows nothing of rows. */
  #unfinished(call: Call, response: Response) {
    return isJson(response) ? this.#incomplete(call, response) : this.#unread(call, response);
  }

  #invalid(call: Call, reason: string, { status }: Response, cause?: unknown) {
    return this.error(InvalidResponseError, call, { status, reason, cause });
  }

  #incomplete(call: Call, { status }: Response, cause?: unknown) {
    const reason = "the answer was cut off";
    return this.error(IncompleteResponseError, call, { status, reason, cause });
  }
}

const isObject = (value: unknown) => typeof value === "object" && value !== null;

function isJson({ headers }: Response): boolean {
  return headers.get("content-type")?.includes("json") ?? false;
}
