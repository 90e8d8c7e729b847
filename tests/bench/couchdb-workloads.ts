/** The workloads with a running CouchDB. */

import { couchfetch, type Entry, peers, type Workload } from "./entries.js";

export const fetchName = "fetch";
export const backupName = "couchbackup";
export const exportName = "couchfetch exportDocs()";
export const importName = "couchfetch importDocs()";

const database = "documents";

const fetched = (run: string): Entry => ({ name: fetchName, module: "fetch", run, database });

const drained = (run: string): Entry => ({ ...fetched(run), drains: true });

const transferred = (name: string, run: string, writes: "file" | "database"): Entry => ({
  ...couchfetch(name, run, database),
  module: "couchfetch-transfer",
  writes,
});

/** A transfer by couchfetch and by couchbackup. */
const besideBackup = (
  name: string,
  title: string,
  call: string,
  run: string,
  writes: "file" | "database",
): Workload => ({
  ...{ name, title, base: backupName },
  entries: [
    transferred(call, run, writes),
    { name: backupName, module: "couchbackup", run, database, peer: true, writes },
  ],
});

const gets = (run: string): Entry[] => [
  couchfetch("get()", run, database),
  fetched(run),
  { name: "ky", module: "ky", run, database },
  ...peers(run, database),
];

export const couchdbWorkloads: Workload[] = [
  {
    name: "scan",
    title: "A full scan with documents",
    base: fetchName,
    entries: [
      couchfetch("docs()", "docs", database),
      couchfetch("docs().batches()", "batches", database),
      drained("docs"),
      ...peers("docs", database),
    ],
  },
  {
    name: "feed",
    title: "A changes feed that catches up, with documents",
    base: fetchName,
    entries: [
      couchfetch("changes()", "feed", database),
      drained("feed"),
      ...peers("feed", database),
    ],
  },
  besideBackup("export", "All documents to a file", "exportDocs()", "exported", "file"),
  besideBackup("import", "All documents from that file", "importDocs()", "imported", "database"),
  {
    name: "copy",
    title: "All documents from one database to another",
    // PouchDB takes minutes.
    once: true,
    base: "PouchDB",
    entries: [
      transferred("exportDocs() into importDocs()", "copied", "database"),
      ...peers("copied", database, ["PouchDB"]).map(
        (entry): Entry => ({ ...entry, module: "pouchdb-replication", writes: "database" }),
      ),
    ],
  },
  { name: "get", title: "Small documents, one by one", base: fetchName, entries: gets("getEach") },
  {
    name: "get64",
    title: "Small documents, 64 at a time",
    base: fetchName,
    entries: gets("getMany"),
  },
];
