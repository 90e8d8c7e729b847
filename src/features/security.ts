import { Database } from "../client/database.js";
import type { DatabaseContext } from "../documents/database-context.js";
import type { JsonRequest } from "../http/request.js";
import { checkOptions, checkType } from "../shared/arguments.js";
import { ForbiddenError, ServerError } from "../shared/errors.js";
import { isLike, isPlain } from "../shared/json-equal.js";
import type { OperationOptions, UserContext } from "../shared/types.js";

/** The admins and members of a database. */
export interface SecurityData {
  admins?: { names?: string[]; roles?: string[] };
  members?: { names?: string[]; roles?: string[] };
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  [member: string]: any;
}

/**
 * The access rules of a database. Members can read and write documents; admins can also write design
 * documents and these rules. If there are no members, all users are. Change the rules, then `save`.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/security.html
 */
export class SecurityDocument {
  /** The JSON. CouchDB also keeps properties that you add. */
  readonly data: SecurityData;
  readonly #context: DatabaseContext;
  #saved: string;

  /** @internal */
  constructor(context: DatabaseContext, text: string) {
    this.#context = context;
    this.#saved = text;
    this.data = context.client.json.parse(text) as SecurityData;
  }

  /** Whether there are changes to save. */
  get dirty(): boolean {
    const { json } = this.#context.client;
    return !isLike(json, this.data, json.parse(this.#saved));
  }

  /** The names of the members. */
  get members(): readonly string[] {
    return this.data.members?.names ?? [];
  }

  /** The roles whose users are members. */
  get memberRoles(): readonly string[] {
    return this.data.members?.roles ?? [];
  }

  /** The names of the admins. */
  get admins(): readonly string[] {
    return this.data.admins?.names ?? [];
  }

  /** The roles whose users are admins. */
  get adminRoles(): readonly string[] {
    return this.data.admins?.roles ?? [];
  }

  /**
   * Make a user a member. Does nothing if the user is one.
   *
   * @throws TypeError if `name` is not a string
   */
  addMember(name: string): void {
    this.#add("members", "names", name);
  }

  /**
   * Remove a member.
   *
   * @throws NotFoundError if the user is not a member; nothing is sent
   */
  removeMember(name: string): void {
    this.#remove("members", "names", name);
  }

  /**
   * Make all users with a role members. Does nothing if the role is listed.
   *
   * @throws TypeError if `role` is not a string
   */
  addMemberRole(role: string): void {
    this.#add("members", "roles", role);
  }

  /**
   * Remove a role from those whose users are members.
   *
   * @throws NotFoundError if the role is not listed; nothing is sent
   */
  removeMemberRole(role: string): void {
    this.#remove("members", "roles", role);
  }

  /**
   * Make a user an admin. Does nothing if the user is one.
   *
   * @throws TypeError if `name` is not a string
   */
  addAdmin(name: string): void {
    this.#add("admins", "names", name);
  }

  /**
   * Remove an admin.
   *
   * @throws NotFoundError if the user is not an admin; nothing is sent
   */
  removeAdmin(name: string): void {
    this.#remove("admins", "names", name);
  }

  /**
   * Make all users with a role admins. Does nothing if the role is listed.
   *
   * @throws TypeError if `role` is not a string
   */
  addAdminRole(role: string): void {
    this.#add("admins", "roles", role);
  }

  /**
   * Remove a role from those whose users are admins.
   *
   * @throws NotFoundError if the role is not listed; nothing is sent
   */
  removeAdminRole(role: string): void {
    this.#remove("admins", "roles", role);
  }

  /**
   * Save the rules if they have changed. This overwrites the server's: they have no revisions.
   *
   * @throws TypeError if names or roles are not lists of strings; nothing is sent
   * @throws ForbiddenError if the user is not an admin of the server or the database
   * @see https://docs.couchdb.org/en/stable/api/database/security.html#put--db-_security
   */
  async save(options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    limits.signal?.throwIfAborted();
    if (!this.dirty) return;
    const { client } = this.#context;
    check(this.data);
    const body = client.json.stringify(this.data);
    const put = { method: "PUT", path: this.#path, body, expects: "ok", limits } as const;
    const request: JsonRequest = { ...put, effect: "idempotent" };
    try {
      await client.request(request);
    } catch (error) {
      if (!(error instanceof ServerError) || !(await this.#isRefusal(error, limits))) throw error;
      const reason = `only an admin may do this (${error.reason})`;
      throw client.error(ForbiddenError, request, {
        status: 403,
        error: "forbidden",
        reason,
        message: reason,
      });
    }
    this.#saved = body;
  }

  /** Whether a 500 means that the user is not an admin: it says so, or reports that no majority was found. */
  async #isRefusal({ reason }: ServerError, limits: OperationOptions): Promise<boolean> {
    if (reason !== "no_majority") return /server admin/.test(`${reason}`);
    const { client } = this.#context;
    const call = { method: "GET", path: "_session", expects: "userCtx", limits } as const;
    const answer = await client.request(call).catch(() => undefined);
    limits.signal?.throwIfAborted();
    if (!answer) return false;
    const { userCtx } = answer.value as { userCtx: UserContext };
    const { admins } = client.json.parse(this.#saved) as SecurityData;
    const isAdmin = (role: string) => role === "_admin" || admins?.roles?.includes(role);
    return !userCtx.roles.some(isAdmin) && !admins?.names?.includes(`${userCtx.name}`);
  }

  get #path(): string {
    return `${this.#context.path}/_security`;
  }

  #add(group: "members" | "admins", kind: "names" | "roles", name: string): void {
    checkType(kind === "names" ? "name" : "role", "string", name);
    this.data[group] ??= {};
    const lists = this.data[group];
    lists[kind] ??= [];
    const list = lists[kind];
    if (!list.includes(name)) list.push(name);
  }

  #remove(group: "members" | "admins", kind: "names" | "roles", name: string): void {
    const list = this.data[group]?.[kind] ?? [];
    const at = list.indexOf(name);
    if (at === -1) {
      const reason = `not among the ${kind} of the ${group}`;
      throw this.#context.client.notFound(this.#path, name, reason);
    }
    list.splice(at, 1);
  }
}

/** Check the rules: CouchDB's own error does not show what is wrong. */
function check({ members = {}, admins = {} }: SecurityData): void {
  for (const group of [members, admins]) {
    const lists = isPlain(group) ? [group.names ?? [], group.roles ?? []] : [undefined];
    if (
      !lists.every((list) => Array.isArray(list) && list.every((name) => typeof name === "string"))
    ) {
      throw new TypeError(
        "`members` and `admins` must have `names` and `roles` that are arrays of strings",
      );
    }
  }
}

/**
 * Read the access rules of a database.
 *
 * ```ts
 * const rules = await security(animals);
 * rules.addMemberRole("keeper");
 * await rules.save();
 * ```
 *
 * @see https://docs.couchdb.org/en/stable/api/database/security.html#get--db-_security
 */
export async function security<T extends object, S extends object>(
  db: Database<T, S>,
  options: OperationOptions = {},
): Promise<SecurityDocument> {
  const limits = checkOptions(options, "");
  const context = Database.contextOf(db);
  const request = { method: "GET", path: `${context.path}/_security`, limits } as const;
  const { text } = await context.client.request(request);
  return new SecurityDocument(context, text);
}
