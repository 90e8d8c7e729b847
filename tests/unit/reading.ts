import { isDeepStrictEqual } from "node:util";
import type { Batch } from "../../src/shared/batch.js";
import { LineReader } from "../../src/streams/line-reader.js";
import { RowReader } from "../../src/streams/row-reader.js";

/** What a reader made of a body. */
export interface Reading {
  rows: unknown[];
  /** What stood beside the rows, if the body was read to its end. */
  summary?: Record<string, unknown>;
  /** Why there is no summary. */
  error?: unknown;
}

/** Reads a body with rows as the transport does, in the chunks that the network brought. */
export function readRows(chunks: Iterable<Uint8Array>, member: string): Reading {
  const summary = {};
  const reader = new RowReader(member, JSON.parse, summary);
  const rows: unknown[] = [];
  try {
    const decoder = new TextDecoder();
    for (const chunk of chunks) push(reader, decoder.decode(chunk, { stream: true }), rows);
    return reader.ended ? { rows, summary } : { rows, error: "incomplete" };
  } catch (error) {
    return { rows, error };
  }
}

/** Reads a body of lines as the transport does. The last line may be their summary. */
export function readLines(chunks: Iterable<Uint8Array>): Reading {
  const summary = {};
  const reader = new LineReader(JSON.parse, summary);
  const rows: unknown[] = [];
  try {
    const decoder = new TextDecoder();
    for (const chunk of chunks) {
      push(reader, decoder.decode(chunk, { stream: true }), rows);
      if (reader.ended) return { rows, summary };
    }
    return { rows };
  } catch (error) {
    return { rows, error };
  }
}

function push(reader: RowReader | LineReader, text: string, rows: unknown[]): void {
  const batch: Batch = { rows: [], texts: [] };
  try {
    reader.push(text, batch);
  } finally {
    rows.push(...batch.rows);
  }
  const again = batch.texts.map((text) => JSON.parse(text));
  if (!isDeepStrictEqual(again, batch.rows)) throw new Error("The texts of rows are others");
}

/** What `JSON.parse` makes of a whole body. Throws where it has no rows, or is no JSON. */
export function parseRows(text: string, member: string): Reading {
  const { [member]: rows, ...summary } = JSON.parse(text);
  if (!Array.isArray(rows)) throw new SyntaxError("There are no rows");
  return { rows, summary };
}

/** Where a body is cut into chunks: all so many bytes, or at these places, counted round and round. */
export type Cutting = number | readonly number[];

export function cut(bytes: Uint8Array, cutting: Cutting): Uint8Array[] {
  const borders: number[] = [];
  if (typeof cutting === "number") {
    for (let at = cutting; at < bytes.length; at += cutting) borders.push(at);
  } else {
    borders.push(...cutting.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b));
  }
  return [0, ...borders].map((from, index) => bytes.subarray(from, borders[index]));
}
