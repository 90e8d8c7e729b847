/** What is measured: who reads what, in this order, each in a fresh process, in every round. */

import { atOnce } from "./contenders/contender.js";

export interface Entry {
  name: string;
  /** The file among the contenders, and the function in it. */
  module: string;
  run: string;
  database: string;
  /** Somebody else's client: it may fail, and is then told of. */
  peer?: boolean;
  /** MB that the heap may have, where a runtime lets one say so. */
  heap?: number;
}

export interface Workload {
  name: string;
  title: string;
  /** The entry that all others are divided by. */
  base: string;
  /** Whether the server is measured, too. */
  watched?: boolean;
  /** It takes minutes, and memory tells enough in one round. */
  once?: boolean;
  entries: Entry[];
}

const couchfetch = (name: string, run: string, database: string): Entry => ({
  name: `couchfetch ${name}`,
  module: "couchfetch",
  run,
  database,
});

const loop = (run: string, database: string): Entry => ({
  name: loopName,
  module: "loop",
  run,
  database,
});

const peer = (name: string, module: string, database: string): Entry => ({
  name,
  module,
  run: "docs",
  database,
  peer: true,
});

export const loopName = "loop";
export const bufferedName = "json()";

const scan = (database: string): Entry[] => [
  couchfetch("docs()", "docs", database),
  couchfetch("docs().batches()", "batches", database),
  loop("docs", database),
  { name: bufferedName, module: "buffered", run: "docs", database },
  peer("nano", "nano", database),
  peer("PouchDB", "pouchdb", database),
  peer("Cloudant SDK", "cloudant", database),
];

const streaming = (database: string) => scan(database).slice(0, 3);

const tightly = (database: string) =>
  scan(database)
    .slice(0, 2)
    .map((entry) => inTightHeap(16, entry));

/** How many documents each database has, of as many as `small` has. */
export const sizes: Record<string, number> = { tenth: 0.1, half: 0.5, small: 1, large: 10 };

/** The names of entries that have a tight heap; read at full speed; a fifth as much; one scan only. */
export const tight = (name: string) => `${name}, tight heap`;
export const atFullSpeed = (name: string) => `${name}, at full speed`;
export const fifth = (name: string) => `${name}, a fifth of the rows`;
const alone = (name: string) => `${name}, one scan only`;

const named = (entry: Entry, rename: (name: string) => string): Entry => ({
  ...entry,
  name: rename(entry.name),
});

const inTightHeap = (heap: number, entry: Entry): Entry => ({ ...named(entry, tight), heap });

const paced = [
  couchfetch("changes()", "paced", "small"),
  named(couchfetch("changes()", "feed", "small"), atFullSpeed),
];

/** The name of an entry that reads ten times as much. */
export const tenfold = (name: string) => `${name}, ten times the rows`;

export const workloads: Workload[] = [
  {
    name: "scan",
    title: "A full scan with documents, sent in large pieces",
    base: loopName,
    entries: scan("small"),
  },
  {
    name: "chunked",
    title: "A full scan with documents, sent in chunks as CouchDB does",
    base: loopName,
    entries: scan("small-chunked"),
  },
  {
    name: "feed",
    title: "A continuous feed that catches up, with documents",
    base: loopName,
    entries: [couchfetch("changes()", "feed", "small"), loop("feed", "small")],
  },
  {
    name: "paced",
    title: "The same, with a consumer that takes a millisecond for each change",
    base: atFullSpeed("couchfetch changes()"),
    once: true,
    entries: [...paced, ...paced.map((entry) => inTightHeap(16, entry))],
  },
  {
    name: "import",
    title: "Documents that are imported as they are read",
    base: "couchfetch importDocs()",
    entries: [couchfetch("importDocs()", "imported", "small")],
  },
  {
    name: "get",
    title: "One small document, again and again",
    base: "ky",
    entries: [
      couchfetch("get()", "get", "small"),
      { name: "ky", module: "ky", run: "get", database: "small" },
    ],
  },
  {
    name: "large",
    title: "The full scan over ten times the rows",
    base: loopName,
    entries: [
      ...streaming("small"),
      ...streaming("large").map((entry) => named(entry, tenfold)),
      ...tightly("small"),
      ...tightly("large").map((entry) => named(entry, tenfold)),
    ],
  },
  {
    name: "held",
    title: "One row a second, with a gigabyte to come",
    base: loopName,
    watched: true,
    once: true,
    entries: [
      couchfetch("docs()", "held", "large"),
      loop("held", "large"),
      named(couchfetch("docs()", "docs", "large"), atFullSpeed),
    ],
  },
  {
    name: "many",
    title: `${atOnce} scans at once in one process`,
    base: loopName,
    once: true,
    entries: [
      couchfetch("docs()", "many", "half"),
      loop("many", "half"),
      named(couchfetch("docs()", "many", "tenth"), fifth),
      named(loop("many", "tenth"), fifth),
      inTightHeap(96, couchfetch("docs()", "many", "half")),
      named(inTightHeap(96, couchfetch("docs()", "many", "tenth")), fifth),
      named(couchfetch("docs()", "docs", "half"), alone),
    ],
  },
];
