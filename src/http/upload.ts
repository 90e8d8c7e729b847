import { argumentError } from "../shared/arguments.js";
import type { Operation } from "../streams/operation.js";
import type { HttpClient } from "./client.js";
import { type Progress, prepareBody, uploadTimeout } from "./progress.js";
import type { HttpRequest } from "./request.js";

/** What a user gives to be sent. */
export interface Content {
  body: Blob | Response;
  isStream: boolean;
  /** The content type that the body itself names. */
  type: string;
}

/** Throws a TypeError for a value that cannot be sent. */
export function contentOf(body: BodyInit): Content {
  const isText = typeof body === "string";
  // Some runtimes turn a view of shared memory into text.
  const bytes = ArrayBuffer.isView(body) ? body.buffer : body;
  const kinds = [Blob, ArrayBuffer, FormData, URLSearchParams, ReadableStream];
  if (!isText && !kinds.some((Kind) => bytes instanceof Kind)) {
    throw argumentError("body", "a string, Blob, form, stream or bytes", body);
  }
  // It knows how each kind of body is encoded, and mostly its type.
  const content = new Response(body);
  const otherwise = isText ? "text/plain;charset=UTF-8" : "application/octet-stream";
  const type = content.headers.get("content-type") || otherwise;
  const isStream = body instanceof ReadableStream;
  return { body: body instanceof Blob ? body : content, isStream, type };
}

/**
 * A request with its body, and the time that sending it may take. Call `end` when the response has arrived.
 *
 * @param request - without a body
 */
export async function prepareUpload<R extends HttpRequest>(
  client: HttpClient,
  request: R,
  { body, isStream }: Omit<Content, "type">,
  operation: Operation,
  onProgress?: Progress,
): Promise<{ request: R; sent: Blob | undefined; end(): void }> {
  const { timeout } = client.session;
  const silent = () => client.silent(request, timeout);
  const prepared = await prepareBody(body, isStream, { operation, timeout, silent, onProgress });
  const sent = prepared.body instanceof Blob ? prepared.body : undefined;
  const limit = sent ? uploadTimeout(sent.size, timeout) : false;
  const whole = { ...request, body: prepared.body, timeout: limit };
  return { request: whole, sent, end: prepared.end };
}
