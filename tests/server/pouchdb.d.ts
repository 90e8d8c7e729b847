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

  export interface PouchWriteResult {
    id?: string;
    rev?: string;
  }

  export type OpenRevs = ({ ok: Doc } | { missing: string })[];

  export interface ChangesOptions {
    since?: number;
    limit?: number;
    descending?: boolean;
    include_docs?: boolean;
    conflicts?: boolean;
    attachments?: boolean;
    style?: string;
  }

  export interface PouchDatabase {
    get(id: string, options: { open_revs: "all" | string[]; revs?: boolean }): Promise<OpenRevs>;
    get(id: string, options?: Record<string, unknown>): Promise<Doc>;
    bulkDocs(docs: Doc[], options?: { new_edits?: boolean }): Promise<PouchWriteResult[]>;
    changes(options: ChangesOptions): Promise<{ results: PouchChange[]; last_seq: number }>;
    info(): Promise<{ doc_count: number; update_seq: number }>;
    revsDiff(revs: Record<string, string[]>): Promise<Record<string, { missing: string[] }>>;
    getAttachment(id: string, name: string, options: { rev?: string }): Promise<Buffer>;
    destroy(): Promise<unknown>;
  }

  interface PouchConstructor {
    new (name: string, options: { adapter: string }): PouchDatabase;
    plugin(plugin: unknown): PouchConstructor;
  }

  const PouchDB: PouchConstructor;
  export default PouchDB;
}

declare module "pouchdb-adapter-memory" {
  const plugin: unknown;
  export default plugin;
}
