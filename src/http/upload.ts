import { argumentError } from "../shared/arguments.js";
import { sendsStreams } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import type { HttpClient } from "./client.js";
import { silenceError } from "./failure.js";
import { type Progress, toStream, uploadTime } from "./progress.js";
import type { HttpRequest } from "./request.js";
import { watchdog } from "./watchdog.js";

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
 * Send a request with a body. The body is not streamed if it is in memory and its progress is not observed, or if the
 * runtime cannot send streams.
 *
 * @param request - without a body
 * @param send - gets the request with its body, and the body if it can be read again
 */
export async function sendContent<Q extends HttpRequest, R>(
  client: HttpClient,
  request: Q,
  { body, isStream }: Omit<Content, "type">,
  operation: Operation,
  send: (request: Q, sent: Blob | undefined) => Promise<R>,
  onProgress?: Progress,
): Promise<R> {
  const { timeout = client.session.timeout } = operation;
  const sendAs = (sent: Blob | ReadableStream<Uint8Array>) => {
    const blob = sent instanceof Blob ? sent : undefined;
    const time = blob ? uploadTime(blob.size) : Infinity;
    return send({ ...request, body: sent, uploadTime: time }, blob);
  };
  const whole =
    body instanceof Blob ? body : isStream ? undefined : await operation.race(body.blob());
  const observed = sendsStreams ? onProgress : undefined;
  if (whole && !observed) return sendAs(whole);
  const stream = whole?.stream() ?? ((body as Response).body as ReadableStream<Uint8Array>);
  const reader = stream.getReader();
  const attempt = { method: request.method, url: client.url(request), mayHaveHappened: true };
  // The time limit applies while the server has a chunk to read, not while the caller makes the next one.
  const watch = watchdog(timeout, () => operation.abort(silenceError(attempt, timeout)));
  const end = () => {
    watch.end();
    reader.cancel(operation.reason).catch(() => {});
  };
  operation.onEnd(end);
  watch.listen();
  const next = async () => {
    watch.rest();
    const step = await reader.read();
    operation.throwReason();
    watch.listen();
    return step;
  };
  const observing = toStream(next, {
    total: whole?.size,
    onProgress: observed,
    // fetch reports a broken source as a network failure.
    end: (error) => error && operation.abort(error),
    cancel: end,
  });
  try {
    if (sendsStreams) return await sendAs(observing);
    const gathered = await operation.race(new Response(observing).blob());
    end();
    return await sendAs(gathered);
  } finally {
    end();
  }
}
