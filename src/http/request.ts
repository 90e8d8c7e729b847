import type { OperationOptions } from "../shared/types.js";
import type { Query } from "./query.js";

/** A fetch function: the runtime's, a worker's service binding, or a test's. */
export type Fetch = (input: Request, init?: RequestInit) => Promise<Response>;

/**
 * What a request does to the server, which decides whether it may be sent again: nothing, the same however
 * often it arrives, or something new each time.
 */
export type Effect = "read" | "idempotent" | "write";

/** A request to CouchDB, before it is sent. */
export interface HttpRequest extends OperationOptions {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "COPY";
  /** Encoded, without a leading slash. */
  path: string;
  query?: Query | undefined;
  /** JSON as text; or the bytes of an upload, whose content type is among the headers. */
  body?: string | Blob | ReadableStream<Uint8Array> | undefined;
  headers?: Record<string, string> | undefined;
  /** Default: `"read"` for GET and HEAD, `"write"` for the other methods. */
  effect?: Effect;
  /** Milliseconds to the headers, and to the end of a body that is read whole. Default: the session's. */
  timeout?: number | false;
  /** 0 where the caller retries. Default: the session's. */
  retries?: 0;
}

/** A request whose response is read whole, as JSON. */
export interface JsonRequest extends HttpRequest {
  /** A member that shows that the JSON is CouchDB's; false where it need not be an object. */
  expects?: string | false;
}

/** A request whose response is read as it arrives. */
export interface StreamRequest extends HttpRequest {
  /** Milliseconds without a byte after which the connection is considered dead. Default: no limit. */
  silenceTimeout?: number | undefined;
  /** Called when CouchDB has begun its response. */
  onResponse?: () => void;
}

/** A JSON response that was read whole. */
export interface JsonResponse {
  headers: Headers;
  text: string;
  /** The text as JSON; undefined for a HEAD. */
  value: unknown;
}

/** A response whose body is still arriving. */
export interface OpenResponse {
  response: Response;
  bytes: AsyncIterableIterator<Uint8Array>;
  /** Close the connection. */
  close(): void;
}

/** The effect that a request has. */
export function effectOf({ effect, method }: HttpRequest): Effect {
  return effect ?? (method === "GET" || method === "HEAD" ? "read" : "write");
}
