import { randomBytes } from "node:crypto";
import type { Context } from "./context.js";

/** JSON values as the parts of a multipart/mixed body; errors are marked as such. */
export interface Part {
  json: unknown;
  isError: boolean;
}

/** How the two requests that answer in parts differ in CouchDB. */
export interface MixedLayout {
  boundaryPrefix: string;
  opening: string;
  closing: string;
}

export const OPEN_REVS: MixedLayout = { boundaryPrefix: "", opening: "", closing: "--" };
export const BULK_GET: MixedLayout = {
  boundaryPrefix: "--",
  opening: "\r\n",
  closing: "--\r\n",
};

export function sendMixed(context: Context, parts: Part[], layout: MixedLayout): void {
  const boundary = layout.boundaryPrefix + randomBytes(16).toString("hex");
  const bodies = parts.map(({ json, isError }) => {
    const type = `application/json${isError ? '; error="true"' : ""}`;
    return `\r\nContent-Type: ${type}\r\n\r\n${JSON.stringify(json)}\r\n--${boundary}`;
  });
  const { response } = context;
  response.writeHead(200, { "Content-Type": `multipart/mixed; boundary="${boundary}"` });
  response.end(`${layout.opening}--${boundary}${bodies.join("")}${layout.closing}`);
}
