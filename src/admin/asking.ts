import type { HttpClient } from "../http/client.js";
import type { HttpRequest, JsonRequest } from "../http/request.js";

/** A request of the administration: `json` is what it sends. */
export type Question = Omit<JsonRequest, "method" | "path" | "body"> & { json?: unknown };

/** Sends a request, and gives the JSON of its answer. */
export type Ask = <R>(
  method: HttpRequest["method"],
  path: string,
  question?: Question,
) => Promise<R>;

// CouchDB wants it also where there is nothing to send.
const headers = { "content-type": "application/json" };

export function asking(client: HttpClient): Ask {
  return async <R>(
    method: HttpRequest["method"],
    path: string,
    { json, ...rest }: Question = {},
  ) => {
    const body = json === undefined ? undefined : client.json.stringify(json);
    const { value } = await client.request({ headers, ...rest, method, path, body });
    return value as R;
  };
}
