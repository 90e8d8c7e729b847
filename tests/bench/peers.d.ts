/** As much of the peers' types as is used of them: so they need not be installed for a check. */

interface Listed {
  rows: { doc?: unknown }[];
}

declare module "nano" {
  interface Database {
    list(params: { include_docs: true }): Promise<Listed>;
    changes(params: { include_docs: true }): Promise<{ results: { doc?: unknown }[] }>;
    get(id: string): Promise<unknown>;
  }
  export default function nano(url: string): { use(name: string): Database };
}

declare module "pouchdb-core" {
  interface PouchChanges extends PromiseLike<unknown> {
    on(event: "change", listener: (change: { doc?: unknown }) => void): void;
  }
  interface PouchDatabase {
    allDocs(options: { include_docs: true }): Promise<Listed>;
    changes(options: { batch_size: number }): PouchChanges;
    replicate: { to(target: unknown): PromiseLike<unknown> };
  }
}

declare module "pouchdb-adapter-http" {
  const plugin: unknown;
  export default plugin;
}

declare module "pouchdb-replication" {
  const plugin: unknown;
  export default plugin;
}

declare module "@ibm-cloud/cloudant" {
  export class BasicAuthenticator {
    constructor(options: { username: string; password: string });
    authenticate(): Promise<void>;
  }
  export class CloudantV1 {
    constructor(options: { authenticator: BasicAuthenticator });
    setServiceUrl(url: string): void;
    postAllDocs(params: { db: string; includeDocs: true }): Promise<{ result: Listed }>;
    getDocument(params: { db: string; docId: string }): Promise<{ result: unknown }>;
  }
  export class ChangesFollower {
    constructor(service: CloudantV1, params: { db: string; includeDocs: true });
    startOneOff(): AsyncIterable<{ doc?: unknown }>;
  }
}

declare module "@cloudant/couchbackup" {
  export type Done = (error: Error | null) => void;
  interface Backup {
    on(event: "written", listener: () => void): void;
  }
  const couchbackup: {
    backup(url: string, output: unknown, options: object, done: Done): Backup;
    restore(input: unknown, url: string, options: object, done: Done): unknown;
  };
  export default couchbackup;
}
