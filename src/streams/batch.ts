/** What one piece of a body brought: complete rows, which can be read again as they came. */
export interface Batch {
  rows: unknown[];
  /** A row as it came, whatever was done to it since. Not to be changed: all who ask share it. */
  original(index: number): unknown;
}

/** @param text - the JSON array of the rows */
export function readBatch(text: string, parse: (text: string) => unknown): Batch {
  // Whoever keeps `original` keeps the text, but not all the rows.
  let originals: unknown[] | undefined;
  return {
    rows: parse(text) as unknown[],
    original: (index) => {
      originals ??= parse(text) as unknown[];
      return originals[index];
    },
  };
}

/** The rows of a batch from one index up to another. */
export function slice(batch: Batch, from: number, to: number): Batch {
  const { rows, original } = batch;
  if (from === 0 && to >= rows.length) return batch;
  return { rows: rows.slice(from, to), original: (index) => original(from + index) };
}

/**
 * The batches of a source, mapped, and its summary. What `map` throws comes in its place, after the
 * rows before it.
 */
export async function* mapBatches<R, S>(
  batches: AsyncGenerator<Batch, S, void>,
  map: (batch: Batch) => Iterable<R>,
): AsyncGenerator<R[], S, void> {
  try {
    for (;;) {
      const step = await batches.next();
      if (step.done) return step.value;
      const rows: R[] = [];
      try {
        for (const row of map(step.value)) rows.push(row);
      } finally {
        yield rows;
      }
    }
  } finally {
    await batches.return(undefined as S);
  }
}
