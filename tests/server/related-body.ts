import type { IncomingMessage } from "node:http";
import { badRequest } from "./errors.js";
import { parseJson, readBytes } from "./http.js";
import { type Doc, isObject } from "./types.js";

/** A document that comes with its attachments behind it, as one that has them within; undefined if it does not. */
export async function readRelated(request: IncomingMessage): Promise<Doc | undefined> {
  const type = request.headers["content-type"] ?? "";
  const [, boundary] = /^multipart\/related;.*boundary="?([^";]+)/i.exec(type) ?? [];
  if (boundary === undefined) return undefined;
  const [json, ...files] = partsOf(await readBytes(request), boundary);
  const doc = parseJson(json?.toString() ?? "");
  if (!isObject(doc)) throw badRequest("Document must be a JSON object");
  const { _attachments: attachments } = doc;
  for (const stub of isObject(attachments) ? Object.values(attachments) : []) {
    if (!isObject(stub) || !stub.follows) continue;
    const bytes = files.shift();
    if (bytes === undefined) throw badRequest("attachment missing");
    if (bytes.length > Number(stub.length)) throw badRequest("attachment longer than expected");
    if (bytes.length < Number(stub.length)) throw badRequest("attachment shorter than expected");
    delete stub.follows;
    delete stub.length;
    stub.data = bytes.toString("base64");
  }
  return doc;
}

/** What is between the boundaries, without its headers. */
function partsOf(body: Buffer, boundary: string): Buffer[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const text = Buffer.concat([Buffer.from("\r\n"), body]);
  const parts: Buffer[] = [];
  let from = text.indexOf(delimiter);
  while (from !== -1) {
    const begin = from + delimiter.length;
    if (text.subarray(begin, begin + 2).toString() === "--") return parts;
    const end = text.indexOf(delimiter, begin);
    if (end === -1) break;
    const blank = text.indexOf("\r\n\r\n", begin);
    parts.push(text.subarray(blank + 4, end));
    from = end;
  }
  throw badRequest("The body ends before its last boundary");
}
