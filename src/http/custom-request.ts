import { argumentError, checkOptions } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import type { HttpClient } from "./client.js";
import { toHeaders } from "./headers.js";
import { serverPath } from "./paths.js";
import { effectOf, type HttpRequest } from "./request.js";
import { responseTo } from "./response.js";
import { contentOf, sendContent } from "./upload.js";

/** A request that couchfetch has no method for. */
export interface RequestOptions extends OperationOptions {
  /** Default `"GET"`. GET and HEAD are retried; others only if they never reached the server. */
  method?: string | undefined;
  /** URL parameters. Values such as keys are encoded as for a view. */
  query?: Record<string, unknown> | undefined;
  /** Headers to send. They override the session's. */
  headers?: Record<string, string> | undefined;
  /** A value to send as JSON. */
  json?: unknown;
  /** The body. Its own content type is sent, unless `headers` has one. Not with `json`. */
  body?: BodyInit | undefined;
}

/** Send a request that couchfetch has no method for. */
export async function customRequest(
  client: HttpClient,
  path: string,
  options: RequestOptions,
): Promise<Response> {
  checkOptions(options, "method query headers json body");
  const { method = "GET", query, headers, json, body } = options;
  const request: HttpRequest = {
    method: method.toUpperCase() as HttpRequest["method"],
    path: serverPath(path),
    query,
    headers,
    limits: options,
  };
  if (json !== undefined && body !== undefined) throw new TypeError("pass either `json` or `body`");
  const text = json === undefined ? undefined : client.json.stringify(json);
  if (json !== undefined && typeof text !== "string")
    throw argumentError("json", "a JSON value", json);
  if ((text ?? body) !== undefined && effectOf(request) === "read")
    throw new TypeError("a body needs a `method` such as POST");
  if (body === undefined) return responseTo(client, { ...request, body: text });
  const content = contentOf(body);
  request.headers = { "content-type": content.type, ...toHeaders(headers) };
  const operation = client.begin(options);
  const send = (upload: HttpRequest) => responseTo(client, upload, undefined, operation);
  return sendContent(client, request, content, operation, send).catch((error) => {
    operation.end();
    throw error;
  });
}
