import type { IncomingMessage, ServerResponse } from "node:http";
import type { Database } from "./database.js";
import type { Instance } from "./instance.js";
import type { User } from "./types.js";

/** One request on its way through the server. */
export interface Context {
  instance: Instance;
  request: IncomingMessage;
  response: ServerResponse;
  /** What the route's path pattern captured, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  user: User;
  /** How the user was recognised; absent for anonymous ones. */
  authenticated?: "default" | "cookie";
}

/** A request about a database that exists and that the user may read. */
export interface DatabaseContext extends Context {
  db: Database;
}

export type Handler = (context: Context) => void | Promise<void>;
export type DatabaseHandler = (context: DatabaseContext) => void | Promise<void>;
