import type { RowsSummary } from "./types.js";

/** What one piece of a body brought: complete rows, and the text of each, to read it again as it came. */
export interface Batch {
  rows: unknown[];
  texts: string[];
}

/** Gives what comes next, or undefined at the end. Not to be called before that is here, nor after. */
export type Pull<R> = () => Promise<R | undefined>;

/** What a generator gives. */
export function pullFrom<R>(generator: AsyncGenerator<R, void, void>): Pull<R> {
  return async () => {
    const { done, value } = await generator.next();
    return done ? undefined : value;
  };
}

/** Where rows come from. */
export interface Source<R> {
  next: Pull<R>;
  /** What stands beside the rows: once they begin, what came before them; at the end, all of it. */
  readonly summary: RowsSummary;
}

/** The rows of a batch from one index up to another. */
export function slice(batch: Batch, from: number, to: number): Batch {
  const { rows, texts } = batch;
  if (from === 0 && to >= rows.length) return batch;
  return { rows: rows.slice(from, to), texts: texts.slice(from, to) };
}

/**
 * What batches are mapped to. They are empty afterwards: JavaScriptCore, which takes whatever looks like a
 * pointer on its stack for one, would keep each until the next one is read.
 *
 * @param map - adds to the rows; what it throws comes in its place, after those before it
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

/** Maps rows to themselves. */
export function identity<R>(batch: Batch, rows: R[]): void {
  for (const row of batch.rows) rows.push(row as R);
}
