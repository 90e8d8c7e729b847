/** As much of the peers' types as is used of them: so they need not be installed for a check. */

declare module "nano" {
  interface Database {
    list(params: { include_docs: true }): Promise<{ rows: { doc?: unknown }[] }>;
  }
  export default function nano(url: string): { use(name: string): Database };
}

declare module "pouchdb-core" {
  interface PouchDatabase {
    allDocs(options: { include_docs: true }): Promise<{ rows: { doc?: unknown }[] }>;
  }
}

declare module "pouchdb-adapter-http" {
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
    postAllDocs(params: {
      db: string;
      includeDocs: true;
    }): Promise<{ result: { rows: { doc?: unknown }[] } }>;
  }
}
