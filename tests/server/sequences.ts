import { badRequest } from "./errors.js";

/**
 * CouchDB's update sequences are opaque: a number that only looks meaningful, and text that says
 * which shards it belongs to. Here that text names the database's incarnation, so that a sequence
 * of a deleted database makes its successor's feed start over, as CouchDB's would.
 */
export function formatSequence(incarnation: string, seq: number): string {
  const text = Buffer.from(`${incarnation}:${seq}`).toString("base64url");
  return `${seq}-g1AAAAB${text}`;
}

const SEQUENCE = /^"?(\d+)-g1AAAAB([A-Za-z0-9_-]+)"?$/;

export function parseSequence(incarnation: string, text: string): number {
  if (text === "0") return 0;
  const [, number, opaque] = SEQUENCE.exec(text) ?? [];
  const [from, seq] = Buffer.from(opaque ?? "", "base64url")
    .toString()
    .split(":");
  if (number === undefined || number !== seq) {
    throw badRequest("Malformed sequence supplied in 'since' parameter.");
  }
  return from === incarnation ? Number(seq) : 0;
}
