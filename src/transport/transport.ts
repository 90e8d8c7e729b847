import ky, { HTTPError, NetworkError as KyNetworkError, TimeoutError as KyTimeoutError } from "ky";
import type { Auth } from "../auth/auth.js";
import {
  errorFromResponse,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  TimeoutError,
} from "../errors.js";
import { LineReader } from "../streams/lines.js";
import { type Batch, RowReader } from "../streams/row-reader.js";
import type { Json, RowsSummary } from "../types.js";
import { closedError, Flight, type FlightSignals } from "./flight.js";
import { encodeQuery, type Query } from "./query.js";
import { type RetryOptions, retryPolicy } from "./retry.js";

/** A fetch: the runtime's, a worker's service binding, a test's. */
export type Fetch = (input: Request, init?: RequestInit) => Promise<Response>;

/** One request, before it is one. */
export interface Call extends FlightSignals {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "COPY";
  /** Encoded, without a leading slash. */
  path: string;
  query?: Query;
  /** JSON, as text. */
  body?: string;
  headers?: Record<string, string>;
  /** It reads although its method does not say so, and may be repeated. */
  reads?: boolean;
  /** Milliseconds to the headers, where the session's `timeout` does not suit. */
  timeout?: number;
}

/** An answer that was read whole. */
export interface Answer {
  headers: Headers;
  text: string;
  /** The text as JSON; undefined for a HEAD. */
  value: unknown;
}

export interface TransportOptions {
  auth: Auth | undefined;
  fetch: Fetch | undefined;
  headers: Headers;
  timeout: number;
  retry: RetryOptions;
  json: Json;
}

/** One database, as documents, views and feeds need to know it. */
export interface Scope {
  readonly name: string;
  readonly path: string;
  readonly transport: Transport;
}

// workerd refuses the member altogether; elsewhere it keeps out cookies and login windows.
const credentials = /* @__PURE__ */ (() => {
  try {
    new Request("http://localhost/", { credentials: "omit" });
    return { credentials: "omit" } as const;
  } catch {
    return {};
  }
})();

/** HTTP, and of CouchDB only how it answers: calls go out; JSON, rows and errors come back. */
export class Transport {
  readonly base: string;
  readonly json: Json;
  readonly timeout: number;
  readonly #options: TransportOptions;
  readonly #flights = new Set<Flight>();
  #closed = false;

  constructor(base: string, options: TransportOptions) {
    this.base = base;
    this.json = options.json;
    this.timeout = options.timeout;
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends all that is under way, and refuses what is to come. */
  close(): void {
    this.#closed = true;
    for (const flight of this.#flights) flight.abort();
  }

  /** The URL of a call, as it is sent and as errors show it. */
  url(call: Pick<Call, "path" | "query">): string {
    const query = encodeQuery(call.query ?? {}, (value) => this.json.stringify(value));
    return `${this.base}/${call.path}${query}`;
  }

  /** Sends a request and reads the answer whole, within the session's timeout. */
  async request(call: Call): Promise<Answer> {
    const flight = this.#takeOff(call);
    try {
      const { response, readText } = await this.#send(call, flight);
      const text = await this.#attempt(call, flight, readText);
      const value = call.method === "HEAD" ? undefined : this.#parse(call, response, text);
      return { headers: response.headers, text, value };
    } finally {
      flight.land();
    }
  }

  /** The rows of an answer as they arrive, and at the end what stood beside them. */
  async *rows(call: Call, member: string): AsyncGenerator<Batch, RowsSummary, void> {
    const reader = new RowReader(member, (text) => this.json.parse(text));
    const { response, flight } = await this.#open(call);
    for await (const text of this.#text(call, response, flight)) {
      const batch = this.#read(call, response, () => reader.push(text));
      if (batch && batch.rows.length > 0) yield batch;
    }
    const end = this.#read(call, response, () => reader.end());
    if (end === undefined) throw this.#incomplete(call, response);
    if (end.last && end.last.rows.length > 0) yield end.last;
    const { [member]: _rows, ...summary } = end.summary;
    return summary;
  }

  /** The values of an answer that has one a line, as they arrive. A line cut in half is left out. */
  async *lines(call: Call): AsyncGenerator<Batch, void, void> {
    const reader = new LineReader((text) => this.json.parse(text));
    const { response, flight } = await this.#open(call);
    for await (const text of this.#text(call, response, flight)) {
      const batch = this.#read(call, response, () => reader.push(text));
      if (batch) yield batch;
    }
  }

  async #open(call: Call): Promise<{ response: Response; flight: Flight }> {
    const flight = this.#takeOff(call);
    try {
      const { response } = await this.#send(call, flight);
      return { response, flight };
    } catch (error) {
      flight.land();
      throw error;
    }
  }

  /** Leaving this generator early closes the connection. */
  async *#text(call: Call, response: Response, flight: Flight): AsyncGenerator<string, void, void> {
    const reader = response.body?.getReader();
    // Not left to fetch: a signal made of signals can be collected before it passes an abort on.
    flight.signal.addEventListener("abort", () => void reader?.cancel().catch(() => {}));
    const decoder = new TextDecoder();
    try {
      while (reader) {
        const { done, value } = await reader.read().catch((cause) => {
          flight.throwIfEnded();
          throw this.#incomplete(call, response, cause);
        });
        flight.throwIfEnded();
        if (done) return;
        yield decoder.decode(value, { stream: true });
      }
    } finally {
      flight.abort();
      flight.land();
    }
  }

  async #send(call: Call, flight: Flight) {
    const { method } = call;
    const url = this.url(call);
    const headers = new Headers(this.#options.headers);
    const { body } = call;
    const own = {
      accept: "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...call.headers,
      ...(await this.#options.auth?.headers()),
    };
    for (const [name, value] of Object.entries(own)) headers.set(name, value);
    flight.throwIfEnded();

    const pending = ky(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...credentials,
      redirect: "manual",
      signal: flight.signal,
      timeout: call.timeout ?? this.timeout,
      retry: retryPolicy(method, reads(call), this.#options.retry.limit ?? 2),
      fetch: (request, init) => this.#fetch(request as Request, init),
    });
    const response = await this.#attempt(call, flight, () => pending);
    if (method === "HEAD" && !response.headers.get("content-type")?.includes("json")) {
      throw this.#invalid(call, "answered without CouchDB's content type", response);
    }
    // ky's `text` watches the timeout; the response's own does not.
    return { response, readText: () => pending.text() };
  }

  /** Whatever a runtime's fetch rejects with becomes the one thing that ky knows for a lost connection. */
  async #fetch(request: Request, init?: RequestInit): Promise<Response> {
    const fetch: Fetch = this.#options.fetch ?? globalThis.fetch;
    try {
      return await fetch(request, init);
    } catch (cause) {
      if (request.signal.aborted) throw cause;
      throw new TypeError("fetch failed", { cause });
    }
  }

  /** Here, and nowhere else, a failure becomes an error of ours. */
  async #attempt<R>(call: Call, flight: Flight, step: () => PromiseLike<R>): Promise<R> {
    try {
      return await step();
    } catch (thrown) {
      flight.throwIfEnded();
      const details = { method: call.method, url: this.url(call) };
      // ky's errors hold the request and its headers: they are never passed on, not even as a cause.
      if (thrown instanceof HTTPError) {
        throw errorFromResponse(details, thrown.response, thrown.data);
      }
      const mayHaveHappened = !reads(call);
      if (thrown instanceof KyTimeoutError) {
        const reason = `no answer within ${call.timeout ?? this.timeout} ms`;
        throw new TimeoutError({ ...details, reason, mayHaveHappened });
      }
      const cause = thrown instanceof KyNetworkError ? (thrown.cause as Error).cause : thrown;
      throw new NetworkError({
        ...details,
        reason: "the connection could not be made, or was lost",
        cause,
        mayHaveHappened: mayHaveHappened && !wasRefused(cause),
      });
    }
  }

  #parse(call: Call, response: Response, text: string): unknown {
    try {
      return this.json.parse(text);
    } catch {
      const type = response.headers.get("content-type") ?? "no content type";
      const what = text === "" ? "an empty body" : `${type} that is not CouchDB's JSON`;
      throw this.#invalid(call, `answered with ${what}`, response);
    }
  }

  #read<R>(call: Call, response: Response, read: () => R): R {
    try {
      return read();
    } catch {
      throw this.#invalid(call, "answered with what is not CouchDB's JSON", response);
    }
  }

  #invalid(call: Call, reason: string, { status }: Response): InvalidResponseError {
    return new InvalidResponseError({ method: call.method, url: this.url(call), status, reason });
  }

  #incomplete(call: Call, { status }: Response, cause?: unknown): IncompleteResponseError {
    const reason = "the answer ended before its JSON did";
    const { method } = call;
    return new IncompleteResponseError({ method, url: this.url(call), status, reason, cause });
  }

  #takeOff(signals: FlightSignals): Flight {
    if (this.#closed) throw closedError();
    return new Flight(signals, this.#flights);
  }
}

function reads(call: Call): boolean {
  return call.reads ?? (call.method === "GET" || call.method === "HEAD");
}

/** Node, Bun and Deno tell where nothing was sent; browsers do not. */
function wasRefused(cause: unknown): boolean {
  const texts = [cause, (cause as { cause?: unknown } | undefined)?.cause].map((error) =>
    error instanceof Error ? `${(error as { code?: string }).code} ${error.message}` : "",
  );
  return /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|\(Connect\)/.test(texts.join(" "));
}
