import { createHash, randomBytes } from "node:crypto";
import { Config } from "./config.js";
import { Database, type DatabaseOptions } from "./database.js";
import { CouchError, noDatabase } from "./errors.js";
import { UpdateLog } from "./update-log.js";
import { USERS } from "./users.js";

const DATABASE_NAME = /^[a-z][a-z0-9_$()+/-]*$/;
const SYSTEM_DATABASES = ["_users", "_replicator", "_global_changes"];

export interface InstanceOptions {
  user: string;
  password: string;
  cors: { origins: string[]; credentials: boolean };
  /** Signs session cookies, tokens and what a proxy says. */
  secret: string;
  /** How long a session cookie lasts. */
  sessionSeconds: number;
}

/** What one server knows. */
export class Instance {
  readonly config: Config;
  readonly uuid = randomBytes(16).toString("hex");
  readonly updates = new UpdateLog(randomBytes(8).toString("hex"));
  readonly #databases = new Map<string, Database>();
  readonly #uuidPrefix = randomBytes(13).toString("hex");
  #uuidCounter = 0;

  constructor(readonly options: InstanceOptions) {
    const { origins, credentials } = options.cors;
    this.config = new Config({
      chttpd: { enable_cors: "true" },
      cors: {
        credentials: String(credentials),
        // With "if-none-match", which CouchDB's own list lacks.
        headers:
          "accept, authorization, content-type, origin, referer, destination, if-match, if-none-match",
        methods: "GET, PUT, POST, HEAD, DELETE, COPY",
        origins: origins.join(", "),
      },
    });
    // A CouchDB of a single node creates these at its start.
    for (const name of [USERS, "_replicator"]) this.#add(name, { q: 2, n: 1, partitioned: false });
  }

  names(): string[] {
    return [...this.#databases.keys()].sort();
  }

  find(name: string): Database | undefined {
    return this.#databases.get(name);
  }

  database(name: string): Database {
    const db = this.#databases.get(name);
    if (db === undefined) throw noDatabase();
    return db;
  }

  create(name: string, options: DatabaseOptions): void {
    if (!DATABASE_NAME.test(name) && !SYSTEM_DATABASES.includes(name)) {
      const reason = `Name: '${name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.`;
      throw new CouchError(400, "illegal_database_name", reason);
    }
    if (this.#databases.has(name)) {
      const reason = "The database could not be created, the file already exists.";
      throw new CouchError(412, "file_exists", reason);
    }
    this.#add(name, options);
    this.updates.note("created", name);
  }

  #add(name: string, options: DatabaseOptions): void {
    const db = new Database(name, options);
    this.#databases.set(name, db);
    db.subscribe(() => {
      if (!db.deleted) this.updates.note("updated", name);
    });
  }

  async delete(name: string): Promise<void> {
    const db = this.database(name);
    this.#databases.delete(name);
    await db.destroy();
    this.updates.note("deleted", name);
  }

  async close(): Promise<void> {
    await Promise.all(this.names().map((name) => this.delete(name)));
  }

  /** Ids grow, so that new documents stand together in `_all_docs`. */
  newUuid(): string {
    this.#uuidCounter += 1 + Math.floor(Math.random() * 0xfff);
    return this.#uuidPrefix + this.#uuidCounter.toString(16).padStart(6, "0").slice(-6);
  }
}

/** An ETag that changes with its parts. */
export function etagOf(...parts: unknown[]): string {
  const hash = createHash("md5").update(JSON.stringify(parts)).digest("hex");
  return `"${BigInt(`0x${hash}`).toString(36).toUpperCase()}"`;
}
