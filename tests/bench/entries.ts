/** Who reads or writes: the contenders, and the names that they have in the tables. */

export interface Entry {
  name: string;
  /** The file among the contenders, and the function in it. */
  module: string;
  run: string;
  database: string;
  /** Another client: it may fail, and its error is shown. */
  peer?: boolean;
  /** MB that the heap may have, where a runtime has an option for it. */
  heap?: number;
  /** It reads the bytes of its response without a look at the documents. */
  drains?: boolean;
  /** It writes a file or a database, which is checked afterwards. */
  writes?: "file" | "database";
}

export interface Workload {
  name: string;
  title: string;
  /** The entry that all others are divided by. */
  base: string;
  /** Whether the server is measured, too. */
  watched?: boolean;
  /** It takes minutes, and one round shows the memory well enough. */
  once?: boolean;
  entries: Entry[];
}

export const loopName = "loop";
export const bufferedName = "json()";
export const docs = "couchfetch docs()";
export const docsInBatches = "couchfetch docs().batches()";

const modules = { nano: "nano", PouchDB: "pouchdb", "Cloudant SDK": "cloudant" };
export const peerNames = Object.keys(modules);

export const couchfetch = (name: string, run: string, database: string): Entry => ({
  name: `couchfetch ${name}`,
  module: "couchfetch",
  run,
  database,
});

export const loop = (run: string, database: string): Entry => ({
  name: loopName,
  module: "loop",
  run,
  database,
});

/** The peers of these names; without any, all. */
export const peers = (run: string, database: string, names = peerNames): Entry[] =>
  Object.entries(modules)
    .filter(([name]) => names.includes(name))
    .map(([name, module]) => ({ name, module, run, database, peer: true }));

/** The names of entries that have a tight heap; read at full speed; a fifth as much; ten times as much. */
export const tight = (name: string) => `${name}, tight heap`;
export const atFullSpeed = (name: string) => `${name}, at full speed`;
export const fifth = (name: string) => `${name}, a fifth of the rows`;
export const tenfold = (name: string) => `${name}, ten times the rows`;

export const named = (entry: Entry, rename: (name: string) => string): Entry => ({
  ...entry,
  name: rename(entry.name),
});

export const inTightHeap = (heap: number, entry: Entry): Entry => ({
  ...named(entry, tight),
  heap,
});
