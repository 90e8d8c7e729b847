import type { IncomingMessage, ServerResponse } from "node:http";
import type { Instance } from "./instance.js";

// CouchDB's own lists, for values that are not set.
const METHODS = "CONNECT, COPY, DELETE, GET, HEAD, OPTIONS, POST, PUT, TRACE".split(", ");
const HEADERS =
  "accept, accept-language, authorization, content-length, content-range, content-type, destination, expires, if-match, last-modified, origin, pragma, x-couch-full-commit, x-couch-id, x-couch-persist, x-couchdb-www-authenticate, x-http-method-override, x-requested-with, x-couchdb-vhost-path".split(
    ", ",
  );
const EXPOSED =
  "accept-ranges, etag, server, x-couch-request-id, x-couch-update-newrev, x-couchdb-body-time".split(
    ", ",
  );

/** Adds the headers that let a page of another origin read the response; true if a preflight was answered. */
export function cors(
  { config }: Instance,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin, host } = request.headers;
  if (config.get("chttpd", "enable_cors") !== "true" || origin === undefined) return false;
  // A section for the host of the request, without its port, goes first.
  const value = (key: string) =>
    config.get(`cors:${host?.split(":")[0]}`, key) ?? config.get("cors", key);
  const list = (key: string) =>
    value(key)
      ?.split(/\s*,\s*/)
      .filter((item) => item !== "");
  const origins = list("origins") ?? [];
  if (!origins.includes("*") && !origins.includes(origin)) return false;
  response.setHeader("Access-Control-Allow-Origin", origin);
  if (value("credentials") === "true") {
    response.setHeader("Access-Control-Allow-Credentials", "true");
  }
  const methods = list("methods") ?? METHODS;
  const headers = lowerCase(list("headers") ?? HEADERS);
  if (request.method === "OPTIONS" && isAllowed(request, methods, headers)) {
    response.writeHead(204, {
      "Access-Control-Allow-Headers": request.headers["access-control-request-headers"] ?? "",
      "Access-Control-Allow-Methods": methods.join(", "),
      "Access-Control-Max-Age": value("max_age") ?? "600",
      "Content-Length": "0",
    });
    response.end();
    return true;
  }
  const exposed = [
    "content-type",
    "cache-control",
    ...lowerCase(list("exposed_headers") ?? EXPOSED),
  ];
  response.setHeader("Access-Control-Expose-Headers", exposed.join(", "));
  return false;
}

const lowerCase = (names: string[]) => names.map((name) => name.toLowerCase());

function isAllowed({ headers }: IncomingMessage, methods: string[], names: string[]): boolean {
  const method = headers["access-control-request-method"] ?? "";
  const asked = (headers["access-control-request-headers"] ?? "").toLowerCase().split(/[\s,]+/);
  return methods.includes(method) && asked.every((name) => name === "" || names.includes(name));
}
