import type { IncomingMessage, ServerResponse } from "node:http";
import type { Instance } from "./instance.js";

const METHODS = ["GET", "PUT", "POST", "HEAD", "DELETE", "COPY"];
const HEADERS = [
  "accept",
  "authorization",
  "content-type",
  "destination",
  "if-match",
  "if-none-match",
  "last-event-id",
  "origin",
  "referer",
  "x-csrf-token",
  "x-requested-with",
];
const EXPOSED =
  "content-type, cache-control, accept-ranges, etag, server, x-couch-request-id, x-couch-update-newrev, x-couchdb-body-time";

/** Adds what lets a page of another origin read the answer; true if a preflight was answered. */
export function cors(
  instance: Instance,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origins, credentials } = instance.options.cors;
  const origin = request.headers.origin;
  if (origin === undefined) return false;
  if (!origins.includes("*") && !origins.includes(origin)) return false;
  response.setHeader("Access-Control-Allow-Origin", origin);
  if (credentials) response.setHeader("Access-Control-Allow-Credentials", "true");
  if (request.method === "OPTIONS" && isAllowed(request)) {
    const headers = request.headers["access-control-request-headers"];
    response.writeHead(204, {
      "Access-Control-Allow-Methods": METHODS.join(", "),
      ...(headers !== undefined && { "Access-Control-Allow-Headers": headers }),
      "Access-Control-Max-Age": "600",
      "Content-Length": "0",
    });
    response.end();
    return true;
  }
  response.setHeader("Access-Control-Expose-Headers", EXPOSED);
  return false;
}

function isAllowed(request: IncomingMessage): boolean {
  const method = request.headers["access-control-request-method"] ?? "";
  const headers = (request.headers["access-control-request-headers"] ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((name) => name !== "");
  return METHODS.includes(method) && headers.every((name) => HEADERS.includes(name));
}
