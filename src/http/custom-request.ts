import type { OperationOptions } from "../shared/types.js";
import type { HttpClient } from "./client.js";
import { toHeaders } from "./headers.js";
import { serverPath } from "./paths.js";
import type { Call } from "./request.js";
import { responseTo } from "./response.js";
import { contentOf, uploading } from "./upload.js";

/** A request of one's own. */
export interface RequestOptions extends OperationOptions {
  /** Default `"GET"`. GET and HEAD are sent again where that may help, others only if they have not arrived. */
  method?: string | undefined;
  /** Parameters: keys and the like as values, which are encoded as for a view. */
  query?: Record<string, unknown> | undefined;
  /** Beside those of the session, and over them. */
  headers?: Record<string, string> | undefined;
  /** What is sent, as JSON. */
  json?: unknown;
  /** What is sent, as it is, under the type it says of itself, unless `headers` have another. Not with `json`. */
  body?: BodyInit | undefined;
}

/** Sends what couchfetch has no method for. */
export async function request(
  client: HttpClient,
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
  if (json === undefined && body === undefined) return responseTo(client, call);
  if (/^(GET|HEAD)$/.test(call.method)) {
    throw new TypeError("What has a body needs a method: POST, for example");
  }
  if (body === undefined) {
    const text = client.json.stringify(json);
    if (typeof text !== "string") throw new TypeError("This is no JSON");
    return responseTo(client, { ...call, body: text });
  }
  const content = contentOf(body);
  const headers = { "content-type": content.type, ...toHeaders(options.headers) };
  const operation = client.begin(signal);
  let out: Awaited<ReturnType<typeof uploading>>;
  try {
    out = await uploading(client, { ...call, headers }, content, operation);
  } catch (error) {
    operation.end();
    throw error;
  }
  return responseTo(client, out.call, undefined, operation);
}
