import type { Operation } from "../streams/operation.js";
import type { HttpClient } from "./client.js";
import { type Progress, prepareBody, uploadTimeout } from "./progress.js";
import type { Call } from "./request.js";

/** What a user gives to be sent. */
export interface Content {
  body: Blob | Response;
  isStream: boolean;
  /** What it says of itself. */
  type: string;
}

const kinds = [Blob, ArrayBuffer, FormData, URLSearchParams, ReadableStream];

/** Throws a TypeError for what cannot be sent. */
export function contentOf(body: BodyInit): Content {
  const isText = typeof body === "string";
  // Of a view of shared memory, some runtimes make a text.
  const bytes = ArrayBuffer.isView(body) ? body.buffer : body;
  if (!isText && !kinds.some((Kind) => bytes instanceof Kind)) {
    throw new TypeError("What is sent is a string, a Blob, bytes, a form or a stream of bytes");
  }
  // Knows how each kind of body is written, and mostly what it is called.
  const content = new Response(body);
  const otherwise = isText ? "text/plain;charset=UTF-8" : "application/octet-stream";
  const type = content.headers.get("content-type") || otherwise;
  const isStream = body instanceof ReadableStream;
  return { body: body instanceof Blob ? body : content, isStream, type };
}

/**
 * A call with what it sends, watched as it goes, or with as much time as that takes. To `end` it lets go of where it
 * came from, once the answer is here.
 *
 * @param call - without a body
 */
export async function uploading(
  client: HttpClient,
  call: Call,
  { body, isStream }: Omit<Content, "type">,
  operation: Operation,
  onProgress?: Progress,
): Promise<{ call: Call; sent: Blob | undefined; end(): void }> {
  const patience = client.timeout;
  const silent = () => client.silent(call, patience);
  const out = await prepareBody(body, isStream, { operation, patience, silent, onProgress });
  const sent = out.body instanceof Blob ? out.body : undefined;
  const timeout = sent ? uploadTimeout(sent.size, patience) : false;
  return { call: { ...call, body: out.body, timeout }, sent, end: out.end };
}
