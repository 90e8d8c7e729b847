import { hidesCookies } from "../shared/runtime.js";
import type { AttachmentStub } from "../shared/types.js";
import type { HttpClient } from "./client.js";
import { toHeaders } from "./headers.js";
import { type Progress, toStream } from "./progress.js";
import type { HttpRequest } from "./request.js";

// A Response with one of these statuses cannot have a body.
const withoutBody = [204, 205, 304];

// Some versions of workerd have none.
const unread = /* @__PURE__ */ (() =>
  globalThis.FinalizationRegistry && new FinalizationRegistry<() => void>((end) => end()))();

const ways = "arrayBuffer blob bytes formData json text";

/** Browsers reject the reading of a Response with an error of their own. */
function withFailure(response: Response, failure: () => unknown): Response {
  const all = response as unknown as Record<string, () => Promise<unknown>>;
  for (const way of hidesCookies ? ways.split(" ") : []) {
    const read = all[way];
    if (!read) continue;
    all[way] = () =>
      read.call(response).catch((error) => {
        throw failure() ?? error;
      });
  }
  return response;
}

/**
 * Send a request, and return a Response whose body is still arriving. Reading the body throws couchfetch's
 * errors, and a TimeoutError if the server is silent for the session's timeout.
 *
 * @param operation - used for this request only: it ends with the body
 * @param stub - the attachment to expect: a body without a `content-length` may end too early
 */
export async function responseTo(
  client: HttpClient,
  request: HttpRequest,
  onProgress?: Progress,
  operation = client.begin(request.limits),
  { length = 0, digest = "" }: Pick<AttachmentStub, "length" | "digest"> = {},
): Promise<Response> {
  try {
    const headers = { accept: "*/*", ...toHeaders(request.headers) };
    const opened = await client.open({ ...request, headers }, operation);
    let failure: unknown;
    const end = (error?: unknown) => {
      failure = error;
      opened.close();
      operation.end();
    };
    const { status, statusText, headers: received } = opened.response;
    const shown = new Headers(received);
    // The body is already decoded, so these headers would be wrong.
    if (shown.has("content-encoding")) {
      shown.delete("content-encoding");
      shown.delete("content-length");
    }
    const init = { status, statusText, headers: shown };
    if (withoutBody.includes(status) || request.method === "HEAD") {
      end();
      return new Response(null, init);
    }
    const total = Number(shown.get("content-length")) || undefined;
    const etag = received.get("etag") ?? digest;
    // Another revision may have another attachment.
    const isExpected = !received.has("content-length") && etag.includes(digest.slice(4));
    const check = (bytes: number) => {
      if (isExpected && bytes < length) throw client.incomplete(request, status);
    };
    const next = () => opened.bytes.next();
    // The stream alone refers to it: if that is collected unread, the connection is closed.
    unread?.register(next, end);
    const body = toStream(next, { total, onProgress, check, end, cancel: () => end() });
    return withFailure(new Response(body, init), () => failure);
  } catch (error) {
    operation.abort();
    throw error;
  }
}
