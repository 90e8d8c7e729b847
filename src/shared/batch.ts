import type { RowsSummary } from "./types.js";

/** The rows that one chunk of a body completes, and their text, to parse them again unchanged. */
export interface Batch {
  rows: unknown[];
  texts: string[];
  /** The number of characters of the chunk that the texts may be parts of. */
  chunk?: number | undefined;
}

/** The text of a row, to keep it. It is a copy if it would keep much more of its chunk in memory. */
export function textToKeep({ texts, chunk = 0 }: Batch, index: number): string {
  const text = texts[index] as string;
  return chunk > 4 * text.length ? ` ${text}`.slice(1) : text;
}

/** Read the next item; undefined at the end. Wait for each call before the next, and stop at the end. */
export type Pull<R> = () => Promise<R | undefined>;

/** Pull from a generator. */
export function pullFrom<R>(generator: AsyncGenerator<R, void, void>): Pull<R> {
  return async () => (await generator.next()).value as R | undefined;
}

/** A source of rows. */
export interface Source<R> {
  next: Pull<R>;
  /** The members other than the rows: those before the rows once they begin, all of them at the end. */
  readonly summary: RowsSummary;
}

/** The rows of a batch from one index up to another, exclusive. */
export function slice(batch: Batch, from: number, to = batch.rows.length): Batch {
  const { rows, texts } = batch;
  if (from === 0 && to >= rows.length) return batch;
  return { ...batch, rows: rows.slice(from, to), texts: texts.slice(from, to) };
}

/**
 * Map batches to rows. Each batch is emptied afterwards: JavaScriptCore, which scans its stack for anything
 * like a pointer, would keep it alive until the next one is read.
 *
 * @param map - appends to the rows; an error that it throws is delivered after the rows before it
 */
export function mapped<R>(
  source: Source<Batch>,
  map: (batch: Batch, rows: R[]) => void,
): Source<R[]> {
  let failure: { error: unknown } | undefined;
  const next = async () => {
    for (;;) {
      if (failure) throw failure.error;
      const batch = await source.next();
      if (batch === undefined) return undefined;
      const rows: R[] = [];
      try {
        map(batch, rows);
      } catch (error) {
        failure = { error };
      }
      batch.rows.length = 0;
      batch.texts.length = 0;
      if (rows.length > 0) return rows;
    }
  };
  return {
    next,
    get summary() {
      return source.summary;
    },
  };
}

/** Keep rows as they are. */
export function identity<R>(batch: Batch, rows: R[]): void {
  for (const row of batch.rows) rows.push(row as R);
}
