import { responseTo } from "./response.js";
import type { Call } from "./transport/call.js";
import { toHeaders } from "./transport/headers.js";
import { serverPath } from "./transport/paths.js";
import { sendsStreams } from "./transport/runtime.js";
import type { Transport } from "./transport/transport.js";
import type { OperationOptions } from "./types.js";

/** A request of one's own. */
export interface RequestOptions extends OperationOptions {
  /** Default `"GET"`. GET and HEAD are sent again where that may help, others only if they have not arrived. */
  method?: string | undefined;
  /** Parameters: keys and the like as values, which are encoded as for a view. */
  query?: Record<string, unknown> | undefined;
  headers?: Record<string, string> | undefined;
  /** What is sent, as JSON. */
  json?: unknown;
  /** What is sent, as it is, under the type it says of itself, unless `headers` have another. Not with `json`. */
  body?: BodyInit | undefined;
}

/** Sends what couchfetch has no method for. */
export async function request(
  transport: Transport,
  path: string,
  { method = "GET", json, body, ...options }: RequestOptions,
): Promise<Response> {
  if (json !== undefined && body !== undefined) {
    throw new TypeError("What is sent is json or body, not both");
  }
  const call = {
    ...options,
    method: method.toUpperCase() as Call["method"],
    path: serverPath(path),
    raw: true,
  };
  if (json !== undefined) {
    return responseTo(transport, { ...call, body: transport.json.stringify(json) });
  }
  if (body === undefined) return responseTo(transport, call);
  const isStream = body instanceof ReadableStream;
  const content = isStream && sendsStreams ? body : await new Response(body).blob();
  const type = (content as Blob).type || "application/octet-stream";
  const headers = { "content-type": type, ...toHeaders(options.headers) };
  return responseTo(transport, { ...call, body: content, headers });
}
