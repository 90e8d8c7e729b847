/** The PouchDB packages bring no types: these cover what the embedded server uses of them. */

declare module "pouchdb-core" {
  import type { Doc } from "./types.js";

  export interface PouchChange {
    id: string;
    seq: number;
    changes: { rev: string }[];
    deleted?: boolean;
    doc?: Doc;
  }

  export type OpenRevs = ({ ok: Doc } | { missing: string })[];

  export interface ChangesOptions {
    since?: number;
    limit?: number;
    descending?: boolean;
    include_docs?: boolean;
    conflicts?: boolean;
    style?: string;
  }

  export interface PouchDatabase {
    get(id: string, options: { open_revs: "all" | string[]; revs?: boolean }): Promise<OpenRevs>;
    get(id: string, options?: object): Promise<Doc>;
    /** Reports only failures. */
    bulkDocs(docs: Doc[], options: { new_edits: false }): Promise<unknown[]>;
    changes(options: ChangesOptions): Promise<{ results: PouchChange[]; last_seq: number }>;
    info(): Promise<{ doc_count: number; update_seq: number }>;
    revsDiff(revs: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
    destroy(): Promise<unknown>;
  }

  interface PouchConstructor {
    new (name: string, options: { adapter: string; skip_setup?: boolean }): PouchDatabase;
    plugin(plugin: unknown): PouchConstructor;
  }

  const PouchDB: PouchConstructor;
  export default PouchDB;
}

declare module "pouchdb-adapter-memory" {
  const plugin: unknown;
  export default plugin;
}
