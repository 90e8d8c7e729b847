/** What one piece of a body brought: complete rows, which can be read again as they came. */
export class Batch {
  readonly rows: unknown[];
  readonly #text: string;
  readonly #parse: (text: string) => unknown;
  #originals: unknown[] | undefined;

  /** @param text - the JSON array of the rows */
  constructor(text: string, parse: (text: string) => unknown) {
    this.rows = parse(text) as unknown[];
    this.#text = text;
    this.#parse = parse;
  }

  /** A row as it came, whatever was done to it since. Not to be changed: all who ask share it. */
  original(index: number): unknown {
    this.#originals ??= this.#parse(this.#text) as unknown[];
    return this.#originals[index];
  }
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
