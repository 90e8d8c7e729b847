/** What a contender is to read, and whom it shows each document. */
export interface Task {
  server: string;
  database: string;
  /** How many documents there are; for `get`, how often to get the one; for `held`, how many to take. */
  count: number;
  tally: Tally;
}

export type Contender = (task: Task) => Promise<void>;

/** How many scans `many` runs at once. */
export const atOnce = 100;

/** As many of a scan at once, in one process. */
export const inParallel =
  (scan: Contender): Contender =>
  async (task) => {
    await Promise.all(Array.from({ length: atOnce }, () => scan(task)));
  };

/**
 * How long a consumer that is to hold the server back takes over each document. The wait is the workload: only a
 * consumer that takes its time shows what is read ahead.
 */
export const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1000));

/** How long one takes who does something with each change. */
export const aMillisecond = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Touches each document, for all contenders in the same way. */
export class Tally {
  count = 0;
  sum = 0;
  /** When the first document came, by `performance.now()`. */
  first = 0;

  add(doc: unknown): void {
    if (this.count === 0) this.first = performance.now();
    this.count += 1;
    this.sum += (doc as { weight: number }).weight;
  }
}

/** The document that `get` gets. */
export const documentId = "order-00000000";
