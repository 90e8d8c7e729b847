import type { Json, OperationOptions } from "../shared/types.js";
import type { Query } from "./query.js";

/** A fetch: the runtime's, a worker's service binding, a test's. */
export type Fetch = (input: Request, init?: RequestInit) => Promise<Response>;

/** The session's, for values that are known to be JSON. */
export interface SureJson extends Json {
  stringify(value: unknown): string;
}

/** One request, before it is one. */
export interface Call extends OperationOptions {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "COPY";
  /** Encoded, without a leading slash. */
  path: string;
  query?: Query | undefined;
  /** JSON, as text; or what an attachment holds, with its content type among the headers. */
  body?: string | Blob | ReadableStream<Uint8Array> | undefined;
  headers?: Record<string, string> | undefined;
  /** It reads although its method does not say so, and may be repeated. */
  reads?: boolean;
  /** It writes, but the same however often it is sent. */
  repeats?: boolean;
  /** Sent without the session's Auth, for that itself. */
  anonymous?: boolean;
  /** Whoever sends it tries again by himself. */
  once?: boolean;
  /** Milliseconds without a byte of the body after which the connection is taken for dead. */
  silence?: number | undefined;
  /** Milliseconds to the headers, where the session's `timeout` does not suit; false for no limit. */
  timeout?: number | false;
  /** Called when CouchDB has begun an answer with rows. */
  onResponse?: () => void;
  /** The answer is whatever it is: an attachment, a text. */
  raw?: boolean;
  /** The answer is JSON, but need not be an object: a string, a number. */
  scalar?: boolean;
  /** A member by which CouchDB's answer is known from anybody else's JSON. */
  expects?: string;
}

/** An answer that was read whole. */
export interface JsonResponse {
  headers: Headers;
  text: string;
  /** The text as JSON; undefined for a HEAD. */
  value: unknown;
}

/** An answer that has begun. */
export interface OpenResponse {
  response: Response;
  bytes: AsyncIterableIterator<Uint8Array>;
  close(): void;
}

/** Whether a call only reads, and may be repeated. */
export function reads(call: Call): boolean {
  return call.reads ?? (call.method === "GET" || call.method === "HEAD");
}
