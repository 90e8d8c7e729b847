import type { CouchDB } from "../client/couchdb.js";
import { Database } from "../client/database.js";
import { createOrFetch } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { Document } from "../documents/document.js";
import { afterWriting } from "../documents/write-outcome.js";
import type { JsonObject, OperationOptions } from "../shared/types.js";

/** What a user's document holds. CouchDB keeps a hash of the password in it, and no password. */
export interface UserData extends JsonObject {
  name: string;
  type: "user";
  roles: string[];
}

/**
 * The parameters of a new user.
 *
 * @see https://docs.couchdb.org/en/stable/intro/security.html#authentication-database
 */
export interface CreateUserOptions extends OperationOptions {
  /** Default: none. */
  roles?: readonly string[] | undefined;
}

/**
 * The users of a server, in its database `_users`. For administrators; a user may read himself, and change
 * his password. CouchDB keeps users in a cache: for a moment after a change, the old ones may be let in still.
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
   * Creates a user.
   *
   * @returns the user's document, without the password
   * @throws ConflictError if there is one of this name
   * @throws NetworkError with `mayHaveHappened`, if the connection is lost on the way
   * @throws TypeError for a name that no user can have, and for roles that are no strings
   */
  async create(
    name: string,
    password: string,
    { roles = [], signal }: CreateUserOptions = {},
  ): Promise<Document<UserData>> {
    checkPassword(password);
    checkRoles(roles);
    const user = this.#document(name, { name, type: "user", roles: [...roles], password });
    await createOrFetch(this.#context, user, { signal });
    await user.save({ signal });
    return this.get(name, { signal }).catch((error) => {
      throw afterWriting(error);
    });
  }

  /**
   * A user's document.
   *
   * @throws NotFoundError if there is no such user, also for those who may not know
   */
  async get(name: string, { signal }: OperationOptions = {}): Promise<Document<UserData>> {
    const user = this.#document(name, {});
    await user.fetch({ discardChanges: true, signal });
    return user;
  }

  /**
   * Changes a user's password. Sessions that were begun with the old one end.
   *
   * @throws NotFoundError if there is no such user
   */
  async setPassword(
    name: string,
    password: string,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    checkPassword(password);
    const change = (data: JsonObject) => void Object.assign(data, { password });
    await this.#update(name, change, signal);
  }

  /**
   * Changes a user's roles.
   *
   * @throws NotFoundError if there is no such user
   * @throws TypeError for roles that are no strings
   */
  async setRoles(
    name: string,
    roles: readonly string[],
    { signal }: OperationOptions = {},
  ): Promise<void> {
    checkRoles(roles);
    const change = (data: JsonObject) => void Object.assign(data, { roles: [...roles] });
    await this.#update(name, change, signal);
  }

  /**
   * Deletes a user.
   *
   * @throws NotFoundError if there is none of this name
   */
  async delete(name: string, options: OperationOptions = {}): Promise<void> {
    await (await this.get(name, options)).delete(options);
  }

  #update(
    name: string,
    change: (data: JsonObject) => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const _id = idOf(name);
    // Without changes of ours, for an update to lose.
    const user = new Document<JsonObject>(this.#context, _id, { _id }, () => ({ _id }));
    return user.update(change, { signal });
  }

  #document(name: string, data: object): Document<UserData> {
    return new Document<UserData>(this.#context, idOf(name), data);
  }
}

function idOf(name: string): string {
  if (typeof name !== "string" || !/^[^_:][^:]*$/.test(name))
    throw new TypeError("A user's name is a string without colons that begins with no underscore");
  return `org.couchdb.user:${name}`;
}

function checkPassword(password: string): void {
  if (typeof password !== "string") throw new TypeError("A password is a string");
}

function checkRoles(roles: readonly string[]): void {
  if (!Array.isArray(roles) || roles.some((role) => typeof role !== "string"))
    throw new TypeError("Roles are an array of strings");
}

/**
 * The users of a server. No request.
 *
 * ```ts
 * await users(couch).create("jan", "secret", { roles: ["keeper"] });
 * ```
 */
export function users(couch: CouchDB): Users {
  return new Users(Database.contextOf(couch.database("_users")));
}
