import type { CouchDB } from "../client/couchdb.js";
import { Database } from "../client/database.js";
import { createOrFetch } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { afterWriting } from "../documents/write-outcome.js";
import { argumentError, checkOptions, checkType, limitsOf } from "../shared/arguments.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";

/** The content of a user's document. CouchDB stores a hash of the password, not the password. */
export interface UserData extends JsonObject {
  name: string;
  type: "user";
  roles: string[];
}

/**
 * Options for creating a user.
 *
 * @see https://docs.couchdb.org/en/stable/intro/security.html#authentication-database
 */
export interface CreateUserOptions extends OperationOptions {
  /** The user's roles. Default: none. */
  roles?: readonly string[] | undefined;
}

/**
 * The users of a server, in its database `_users`. For administrators; users can read their own document and
 * change their own password. CouchDB caches users: for a moment after a change, it may accept the old
 * credentials.
 *
 * @see https://docs.couchdb.org/en/stable/intro/security.html#users-documents
 */
export class Users {
  readonly #context: DatabaseContext;

  /** @internal */
  constructor(context: DatabaseContext) {
    this.#context = context;
  }

  /**
   * Create a user.
   *
   * @returns the user's document, without the password
   * @throws ConflictError if the user exists
   * @throws NetworkError with `mayHaveHappened` if the connection is lost
   * @throws TypeError if the name is invalid, the password is not a string, or roles are not strings
   */
  async create(
    name: string,
    password: string,
    options: CreateUserOptions = {},
  ): Promise<Document<UserData>> {
    const { roles = [] } = checkOptions(options, "roles");
    checkType("password", "string", password);
    checkRoles(roles);
    const user = this.#document(name, { name, type: "user", roles: [...roles], password });
    const limits = limitsOf(options);
    await createOrFetch(this.#context, user, limits);
    await user.save(limits);
    return this.get(name, limits).catch((error) => {
      throw afterWriting(error);
    });
  }

  /**
   * Read a user's document.
   *
   * @throws NotFoundError if the user does not exist, or you are not allowed to know
   */
  async get(name: string, options: OperationOptions = {}): Promise<Document<UserData>> {
    const limits = checkOptions(options, "");
    const user = this.#document(name, {});
    await user.fetch({ ...limits, discardChanges: true });
    return user;
  }

  /**
   * Change a user's password. Sessions that began with the old one end.
   *
   * @throws NotFoundError if the user does not exist
   * @throws TypeError if the password is not a string
   */
  async setPassword(name: string, password: string, options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    checkType("password", "string", password);
    const change = (data: JsonObject) => void Object.assign(data, { password });
    await this.#update(name, change, limits);
  }

  /**
   * Change a user's roles.
   *
   * @throws NotFoundError if the user does not exist
   * @throws TypeError if roles are not strings
   */
  async setRoles(
    name: string,
    roles: readonly string[],
    options: OperationOptions = {},
  ): Promise<void> {
    const limits = checkOptions(options, "");
    checkRoles(roles);
    const change = (data: JsonObject) => void Object.assign(data, { roles: [...roles] });
    await this.#update(name, change, limits);
  }

  /**
   * Delete a user.
   *
   * @throws NotFoundError if the user does not exist
   */
  async delete(name: string, options: OperationOptions = {}): Promise<void> {
    await (await this.get(name, options)).delete(options);
  }

  #update(
    name: string,
    change: (data: JsonObject) => void,
    limits: OperationOptions,
  ): Promise<void> {
    const _id = idOf(name);
    // Without local changes, which an update would refuse to lose.
    const user = new Document<JsonObject>(this.#context, _id, { _id }, () => ({ _id }));
    return user.update(change, { ...limits, idempotent: true });
  }

  #document(name: string, data: object): Document<UserData> {
    return new Document<UserData>(this.#context, idOf(name), data);
  }
}

function idOf(name: string): string {
  checkType("name", "string", name);
  if (!/^[^_:][^:]*$/.test(name))
    throw new TypeError("`name` must not be empty, contain a colon or begin with an underscore");
  return `org.couchdb.user:${name}`;
}

function checkRoles(roles: readonly string[]): void {
  if (!Array.isArray(roles) || roles.some((role) => typeof role !== "string"))
    throw argumentError("roles", "an array of strings", roles);
}

/**
 * The users of a server. Sends no request.
 *
 * ```ts
 * await users(couch).create("jan", "secret", { roles: ["keeper"] });
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/intro/security.html#users-documents
 */
export function users(couch: CouchDB): Users {
  return new Users(Database.contextOf(couch.database("_users")));
}
