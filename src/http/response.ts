import type { HttpClient } from "./client.js";
import { type Progress, relay } from "./progress.js";
import type { Call } from "./request.js";

// Of these, a Response can have no body.
const empty = new Set([204, 205, 304]);

/**
 * An answer as a Response, its body still on its way: what reads it meets our errors, and the session's
 * timeout; what ends the operation ends it.
 *
 * @param operation - of this alone: it lands with the body
 */
export async function responseTo(
  client: HttpClient,
  call: Call,
  onProgress?: Progress,
  operation = client.begin(call.signal),
): Promise<Response> {
  try {
    const { response, bytes, close } = await client.open(call, operation);
    const { status, statusText } = response;
    const headers = new Headers(response.headers);
    // The bytes are unpacked, which these headers, passed on with them, would deny.
    if (headers.has("content-encoding")) {
      headers.delete("content-encoding");
      headers.delete("content-length");
    }
    const letGo = () => {
      close();
      operation.end();
    };
    if (empty.has(status) || call.method === "HEAD") {
      letGo();
      return new Response(null, { status, statusText, headers });
    }
    const total = Number(headers.get("content-length")) || undefined;
    const patience = client.timeout;
    const silent = () => client.silent(call, patience);
    const transfer = { operation, patience, silent, total, onProgress };
    const { body } = relay(() => bytes.next(), letGo, "giving", transfer);
    return new Response(body, { status, statusText, headers });
  } catch (error) {
    operation.abort();
    operation.end();
    throw error;
  }
}
