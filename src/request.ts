import { responseTo } from "./response.js";
import type { Call } from "./transport/call.js";
import { toHeaders } from "./transport/headers.js";
import { serverPath } from "./transport/paths.js";
import { outgoing, patienceFor } from "./transport/transfer.js";
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
  { method, json, body, signal, ...options }: RequestOptions,
): Promise<Response> {
  const call = {
    ...options,
    method: (method ?? "GET").toUpperCase() as Call["method"],
    path: serverPath(path),
    raw: true,
    signal,
  };
  if (json !== undefined && body !== undefined) {
    throw new TypeError("What is sent is json or body, not both");
  }
  if (json === undefined && body === undefined) return responseTo(transport, call);
  if (/^(GET|HEAD)$/.test(call.method)) {
    throw new TypeError("What has a body needs a method: POST, for example");
  }
  if (body === undefined) {
    const text = transport.json.stringify(json);
    if (typeof text !== "string") throw new TypeError("This is no JSON");
    return responseTo(transport, { ...call, body: text });
  }
  const isStream = body instanceof ReadableStream;
  // Knows how each kind of body is written, and what it is called.
  const content = new Response(body);
  // Bun does not, of a text.
  const otherwise =
    typeof body === "string" ? "text/plain;charset=UTF-8" : "application/octet-stream";
  const type = content.headers.get("content-type") || otherwise;
  const headers = { "content-type": type, ...toHeaders(options.headers) };
  const flight = transport.takeOff(signal);
  const patience = transport.timeout;
  const silent = () => transport.silent(call, patience);
  const transfer = { flight, patience, silent, onProgress: undefined };
  let sent: Call["body"];
  try {
    ({ body: sent } = await outgoing(body instanceof Blob ? body : content, isStream, transfer));
  } catch (error) {
    flight.land();
    throw error;
  }
  const timeout = sent instanceof Blob ? patienceFor(sent.size, transport.timeout) : false;
  return responseTo(transport, { ...call, headers, body: sent, timeout }, undefined, flight);
}
