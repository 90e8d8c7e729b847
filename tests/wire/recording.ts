import { readFileSync } from "node:fs";

/** One recorded exchange with a real CouchDB. */
export interface Recording {
  name: string;
  request: {
    method: string;
    path: string;
    headers: Record<string, string | number>;
    authenticated: "admin" | "user" | false;
    body: string | { base64: string } | { omittedBytes: number } | null;
  };
  response: {
    status: number;
    headers: Record<string, string[]>;
    /** False for a feed without end, on which the recorder hung up. */
    ended: boolean;
    body: string | { base64: string };
  };
}

const FOLDER = new URL("./recordings/", import.meta.url);

function read(name: string): string {
  return readFileSync(new URL(name, FOLDER), "utf8");
}

/** All recordings, in the order in which they were made. */
export function readRecordings(): Recording[] {
  const index = read("INDEX.txt").trim().split("\n");
  return index.map((line) => JSON.parse(read(`${line.split("\t")[0]}.json`)));
}

/** The body of a recorded request, as it was sent. */
export function requestBody({ request: { body } }: Recording): Buffer | undefined {
  if (body === null) return undefined;
  if (typeof body === "string") return Buffer.from(body);
  if ("base64" in body) return Buffer.from(body.base64, "base64");
  // What was too large to keep was one long string in an object.
  return Buffer.from(`{"a":"${"x".repeat(body.omittedBytes - 8)}"}`);
}

/** Bytes that are no UTF-8 were recorded as base64, and are compared one by one. */
export function isText({ response }: Recording): boolean {
  return typeof response.body === "string";
}

export function responseBody({ response: { body } }: Recording): string {
  return typeof body === "string" ? body : Buffer.from(body.base64, "base64").toString("latin1");
}
