import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "./context.js";
import { badRequest, CouchError, invalidJson } from "./errors.js";
import { type Doc, isObject } from "./types.js";

/** The client went away: there is nobody left to answer. */
export class ClientGone extends Error {}

export type Headers = Record<string, string>;

const JSON_TYPE = { "Content-Type": "application/json" };
const NOT_CACHED = { "Cache-Control": "must-revalidate" };

/** What every answer carries, from the start. */
export function prepare(response: ServerResponse): void {
  response.setHeader("Server", "CouchDB/3.5.0 (embedded)");
  response.setHeader("X-Couch-Request-ID", randomBytes(5).toString("hex"));
  response.setHeader("X-CouchDB-Body-Time", "0");
}

function send(context: Context, status: number, body: string, headers: Headers): void {
  const { response } = context;
  response.writeHead(status, { ...headers, "Content-Length": String(Buffer.byteLength(body)) });
  response.end(body);
}

export function sendBytes(context: Context, status: number, body: Buffer, headers: Headers): void {
  const length = { "Content-Length": String(body.length) };
  context.response.writeHead(status, { ...NOT_CACHED, ...headers, ...length });
  context.response.end(body);
}

export function sendJson(context: Context, status: number, value: unknown, headers: Headers = {}) {
  const body = `${JSON.stringify(value)}\n`;
  send(context, status, body, { ...NOT_CACHED, ...JSON_TYPE, ...headers });
}

export function sendError(context: Context, error: CouchError): void {
  sendJson(context, error.status, { error: error.error, reason: error.reason }, error.headers);
}

/** Answers 304 when the client has this version already; true if it did. */
export function notModified(context: Context, etag: string): boolean {
  const known = context.request.headers["if-none-match"];
  const etags = known?.split(/\s*,\s*/).map((text) => text.replace(/^W\//, ""));
  if (etags === undefined || !etags.includes(etag)) return false;
  const { response } = context;
  const exposed = response.getHeader("Access-Control-Expose-Headers");
  if (typeof exposed === "string") {
    // This answer has none.
    response.setHeader("Access-Control-Expose-Headers", exposed.replace(" cache-control,", ""));
  }
  response.writeHead(304, { ETag: etag, "Content-Length": "0" });
  response.end();
  return true;
}

/** A body that is sent while it is made. Each write waits until the client has room for it. */
export class BodyStream {
  readonly #response: ServerResponse;

  constructor(context: Context, headers: Headers = {}) {
    this.#response = context.response;
    this.#response.writeHead(200, { ...NOT_CACHED, ...JSON_TYPE, ...headers });
    this.#response.flushHeaders();
  }

  async write(text: string): Promise<void> {
    if (this.#response.destroyed) throw new ClientGone();
    if (this.#response.write(text)) return;
    const settled = new AbortController();
    const { signal } = settled;
    const events = ["drain", "close"].map((event) => once(this.#response, event, { signal }));
    await Promise.race(events).finally(() => settled.abort());
    if (this.#response.destroyed) throw new ClientGone();
  }

  end(text: string): void {
    this.#response.end(text);
  }
}

export async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    throw new ClientGone(); // It hung up before its body was complete: nothing has happened.
  }
  return Buffer.concat(chunks);
}

export async function readText(request: IncomingMessage): Promise<string> {
  const bytes = await readBytes(request);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalidJson();
  }
}

export function parseJson(text: string): unknown {
  try {
    // JSON.parse makes Infinity of a number that is too large; CouchDB refuses it.
    if (!/\d[eE]\+?\d{3}/.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_, value) => {
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
        throw new RangeError("number out of range");
      }
      return value;
    });
  } catch {
    throw invalidJson();
  }
}

/** POST wants to be told that its body is JSON; PUT does not care. */
function requireJson(request: IncomingMessage): void {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/json\b/i.test(type)) {
    throw new CouchError(415, "bad_content_type", "Content-Type must be application/json");
  }
}

export async function readJson(context: Context): Promise<unknown> {
  requireJson(context.request);
  return parseJson(await readText(context.request));
}

/** A body that says nothing, but has to be called JSON. */
export async function readUnused(context: Context): Promise<void> {
  requireJson(context.request);
  await readBytes(context.request);
}

export async function readObject(context: Context): Promise<Doc> {
  const value = await readJson(context);
  if (!isObject(value)) throw badRequest("Request body must be a JSON object");
  return value;
}

/** The URL of something on this server, as the client knows the server. */
export function location(context: Context, path: string): string {
  return `http://${context.request.headers.host ?? "127.0.0.1"}${path}`;
}

/** As CouchDB escapes: stricter than encodeURIComponent, except for the colon. */
export function encodeSegment(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%3A", ":")
    .replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
