import type { HttpClient } from "../http/client.js";
import type { HttpRequest, JsonRequest } from "../http/request.js";

/** An administrative request, with a value to send as `json`. */
export type Question = Omit<JsonRequest, "method" | "path" | "body"> & { json?: unknown };

/** Send a request, and return the JSON of its response. */
export type Ask = <R>(
  method: HttpRequest["method"],
  path: string,
  question?: Question,
) => Promise<R>;

// CouchDB requires it even if there is no body.
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
