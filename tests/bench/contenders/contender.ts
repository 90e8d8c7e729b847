/** What a contender reads or writes. */
export interface Task {
  /** The URL, with credentials if there are any. */
  server: string;
  database: string;
  /** How many documents there are; for `get`, how many to get; for `held`, how many to take. */
  count: number;
  /** The file to export to, or to import from. */
  file: string;
  /** The database to write to, if it is another one. */
  target: string;
  /** It is shown each document. */
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

/** How long a consumer that is to hold the server back takes over each document. */
// This wait is the workload: only a consumer that takes its time shows how much is read ahead.
export const aSecond = () => new Promise((resolve) => setTimeout(resolve, 1000));

/** How long one takes who does something with each change. */
export const aMillisecond = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Touches each document, for all contenders in the same way. */
export class Tally {
  count = 0;
  sum = 0;
  /** When the first document came, by `performance.now()`; 0 if none did. */
  first = 0;

  /** The first document is there. */
  begin(): void {
    if (this.first === 0) this.first = performance.now();
  }

  add(doc: unknown): void {
    if (this.count === 0) this.begin();
    this.count += 1;
    this.sum += (doc as { weight: number }).weight;
  }
}

const idOf = (n: number) => `order-${String(n).padStart(8, "0")}`;

/** Returns a function that gets one document. */
export type Getter = (task: Task) => (id: string) => Promise<unknown>;

/** The first document, again and again. */
export const repeatedly = (getter: Getter): Contender => getting(getter, 1, () => idOf(0));
export const oneByOne = (getter: Getter): Contender => getting(getter, 1, idOf);
export const sixtyFourAtATime = (getter: Getter): Contender => getting(getter, 64, idOf);

function getting(getter: Getter, inFlight: number, nthId: (n: number) => string): Contender {
  return async (task) => {
    const get = getter(task);
    let next = 0;
    const getOthers = async () => {
      while (next < task.count) task.tally.add(await get(nthId(next++)));
    };
    await Promise.all(Array.from({ length: inFlight }, getOthers));
  };
}
