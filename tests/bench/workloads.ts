/** The workloads with recorded responses: who reads what, in this order, each in a fresh process, in every round. */

import { atOnce } from "./contenders/contender.js";
import {
  atFullSpeed,
  bufferedName,
  couchfetch,
  type Entry,
  fifth,
  inTightHeap,
  loop,
  loopName,
  named,
  peers,
  tenfold,
  type Workload,
} from "./entries.js";

const scan = (database: string): Entry[] => [
  couchfetch("docs()", "docs", database),
  couchfetch("docs().batches()", "batches", database),
  loop("docs", database),
  { name: bufferedName, module: "buffered", run: "docs", database },
  ...peers("docs", database),
];

const streaming = (database: string) => scan(database).slice(0, 3);

const tightly = (database: string) =>
  scan(database)
    .slice(0, 2)
    .map((entry) => inTightHeap(16, entry));

/** How many documents each database has, of as many as `small` has. */
export const sizes: Record<string, number> = { tenth: 0.1, half: 0.5, small: 1, large: 10 };

const alone = (name: string) => `${name}, one scan only`;

const paced = [
  couchfetch("changes()", "paced", "small"),
  named(couchfetch("changes()", "feed", "small"), atFullSpeed),
];

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
      ...peers("get", "small", ["nano"]),
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
