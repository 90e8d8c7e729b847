import { argumentError } from "../shared/arguments.js";
import type { Operation } from "../streams/operation.js";
import type { HttpClient } from "./client.js";
import { silenceError } from "./failure.js";
import { type Progress, prepareBody, uploadTimeout } from "./progress.js";
import type { HttpRequest } from "./request.js";

/** The content of an upload. */
export interface Content {
  body: Blob | Response;
  isStream: boolean;
  /** The content type of the body itself. */
  type: string;
}

/**
 * Check and convert a body.
 *
 * @throws TypeError for a value that cannot be sent
 */
export function contentOf(body: BodyInit): Content {
  const isText = typeof body === "string";
  // Some runtimes convert a view of shared memory to text.
  const bytes = ArrayBuffer.isView(body) ? body.buffer : body;
  const kinds = [Blob, ArrayBuffer, FormData, URLSearchParams, ReadableStream];
  if (!isText && !kinds.some((Kind) => bytes instanceof Kind)) {
    throw argumentError("body", "a string, Blob, form, stream or bytes", body);
  }
  // Response encodes each kind of body, and sets most content types.
  const content = new Response(body);
  const otherwise = isText ? "text/plain;charset=UTF-8" : "application/octet-stream";
  const type = content.headers.get("content-type") || otherwise;
  const isStream = body instanceof ReadableStream;
  return { body: body instanceof Blob ? body : content, isStream, type };
}

/**
 * Prepare a request with a body, and the timeout for sending it. Call `end` when the response has arrived.
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
  const attempt = { method: request.method, url: client.url(request), mayHaveHappened: true };
  const silent = () => silenceError(attempt, timeout);
  const prepared = await prepareBody(body, isStream, { operation, timeout, silent, onProgress });
  const sent = prepared.body instanceof Blob ? prepared.body : undefined;
  const limit = sent ? uploadTimeout(sent.size, timeout) : Infinity;
  const whole = { ...request, body: prepared.body, timeout: limit };
  return { request: whole, sent, end: prepared.end };
}
