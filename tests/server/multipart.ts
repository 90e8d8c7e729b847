import { randomBytes } from "node:crypto";
import type { File } from "./blobs.js";
import type { Context } from "./context.js";
import type { Headers } from "./http.js";
import type { ByteRange } from "./ranges.js";
import type { Doc } from "./types.js";

/** A document with what is to follow it, or an error, which is marked as such. */
export interface Part {
  json: Doc;
  files: File[];
  isError: boolean;
}

/** How the two requests that answer with many documents differ in CouchDB. */
export interface MixedLayout {
  type: string;
  boundaryPrefix: string;
  opening: string;
  closing: string;
  /** What says that a part has parts itself. */
  nesting(json: Doc, boundary: string): string;
}

export const OPEN_REVS: MixedLayout = {
  type: "multipart/mixed",
  boundaryPrefix: "",
  opening: "",
  closing: "--",
  nesting: (_, boundary) => `Content-Type: multipart/related; boundary="${boundary}"`,
};

export const BULK_GET: MixedLayout = {
  type: "multipart/mixed",
  boundaryPrefix: "--",
  opening: "\r\n",
  closing: "--\r\n",
  nesting: ({ _id, _rev }, boundary) =>
    `X-Doc-Id: ${_id}\r\nX-Rev-Id: ${_rev}\r\nContent-Type: multipart/related; boundary=${boundary}`,
};

const newBoundary = (prefix = "") => prefix + randomBytes(16).toString("hex");

/** A document's JSON, and the bytes of its attachments behind it. */
function related({ json, files }: Part, boundary: string): Buffer {
  const parts = [`--${boundary}\r\nContent-Type: application/json\r\n\r\n${JSON.stringify(json)}`];
  const bytes = files.flatMap(({ name, attachment, bytes }) => {
    const { content_type, encoding } = attachment;
    const headers = [
      `Content-Disposition: attachment; filename="${name}"`,
      `Content-Type: ${content_type}`,
      `Content-Length: ${bytes.length}`,
      ...(encoding === undefined ? [] : [`Content-Encoding: ${encoding}`]),
    ];
    return [Buffer.from(`\r\n--${boundary}\r\n${headers.join("\r\n")}\r\n\r\n`), bytes];
  });
  return Buffer.concat([Buffer.from(parts.join("")), ...bytes, Buffer.from(`\r\n--${boundary}--`)]);
}

/** One document with its attachments. */
export function sendRelated(context: Context, part: Part, headers: Headers): void {
  const boundary = newBoundary();
  const body = related(part, boundary);
  const type = `multipart/related; boundary="${boundary}"`;
  const length = String(body.length);
  context.response.writeHead(200, { ...headers, "Content-Type": type, "Content-Length": length });
  context.response.end(body);
}

export function sendMixed(context: Context, parts: Part[], layout: MixedLayout): void {
  const { response } = context;
  const boundary = newBoundary(layout.boundaryPrefix);
  response.writeHead(200, { "Content-Type": `${layout.type}; boundary="${boundary}"` });
  response.write(`${layout.opening}--${boundary}`);
  for (const part of parts) {
    const { json, files, isError } = part;
    if (files.length > 0) {
      const inner = newBoundary(layout.boundaryPrefix);
      response.write(`\r\n${layout.nesting(json, inner)}\r\n\r\n`);
      response.write(related(part, inner));
    } else {
      const type = `application/json${isError ? '; error="true"' : ""}`;
      response.write(`\r\nContent-Type: ${type}\r\n\r\n${JSON.stringify(json)}`);
    }
    response.write(`\r\n--${boundary}`);
  }
  response.end(layout.closing);
}

/** Parts of an attachment. */
export function sendRanges(
  context: Context,
  bytes: Buffer,
  ranges: readonly ByteRange[],
  type: string,
): void {
  const { response } = context;
  const boundary = newBoundary();
  response.writeHead(206, { "Content-Type": `multipart/byteranges; boundary="${boundary}"` });
  response.write(`--${boundary}`);
  for (const [first, last] of ranges) {
    const range = `Content-Range: bytes ${first}-${last}/${bytes.length}`;
    response.write(`\r\nContent-Type: ${type}\r\n${range}\r\n\r\n`);
    response.write(bytes.subarray(first, last + 1));
    response.write(`\r\n--${boundary}`);
  }
  response.end("--");
}
