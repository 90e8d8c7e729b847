import type { OperationOptions } from "../shared/types.js";
import type { Query } from "./query.js";

/** A fetch function, such as a worker's service binding or a test's. */
export type Fetch = (input: Request, init?: RequestInit) => Promise<Response>;

/**
 * The effect of a request on the server, which decides whether it may be sent again: none, the same however
 * often it arrives, or a new one each time.
 */
export type Effect = "read" | "idempotent" | "write";

/** A request to CouchDB, before it is sent. */
export interface HttpRequest {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "COPY";
  /** Encoded, without a leading slash. */
  path: string;
  query?: Query | undefined;
  /** JSON text, or the bytes of an upload with a `content-type` header. */
  body?: string | Blob | ReadableStream<Uint8Array> | undefined;
  headers?: Record<string, string> | undefined;
  /** Default `"read"` for GET and HEAD, `"write"` for other methods. */
  effect?: Effect;
  /** The limits of the operation, unless the request is a part of a running one. */
  limits?: OperationOptions;
  /** Milliseconds to the headers that are added to the timeout: for an upload that cannot be observed. */
  uploadTime?: number;
  /**
   * Milliseconds of silence, in the body and before it, after which the request fails with a TimeoutError.
   * Default: the session's `timeout`; in rows, that much silence is a lost connection instead. The operation's own
   * `timeout` overrides both.
   */
  silenceTimeout?: number;
  /** 0 if the caller retries. Default: the session's. */
  retries?: 0;
}

/** A request whose response is read whole, as JSON. */
export interface JsonRequest extends HttpRequest {
  /** A member that identifies CouchDB's JSON; false if it need not be an object. */
  expects?: string | false;
}

/** A request whose response is streamed. */
export interface StreamRequest extends HttpRequest {
  /** Called when CouchDB begins its response. */
  onResponse?: () => void;
}

/** A JSON response that was read whole. */
export interface JsonResponse {
  headers: Headers;
  text: string;
  /** The parsed text. */
  value: unknown;
}

/** A response whose body is still arriving. */
export interface OpenResponse {
  response: Response;
  bytes: AsyncIterableIterator<Uint8Array>;
  /** Close the connection. */
  close(): void;
}

/** The effect of a request. */
export function effectOf({ effect, method }: HttpRequest): Effect {
  return effect ?? (method === "GET" || method === "HEAD" ? "read" : "write");
}
