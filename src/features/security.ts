import { Database } from "../client/database.js";
import type { DatabaseContext } from "../documents/database-context.js";
import type { JsonRequest } from "../http/request.js";
import { ForbiddenError, NotFoundError, ServerError } from "../shared/errors.js";
import { isLike, isPlain } from "../shared/json-equal.js";
import type { OperationOptions, UserContext } from "../shared/types.js";

/** Who may do what in a database. */
export interface SecurityData {
  admins?: { names?: string[]; roles?: string[] };
  members?: { names?: string[]; roles?: string[] };
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  [member: string]: any;
}

/**
 * Who may do what in a database: its members read and write documents, its admins also design
 * documents and this. Where there are no members, everybody is one. Change it, then `save`.
 *
 * @see https://docs.couchdb.org/en/stable/api/database/security.html
 */
export class SecurityDocument {
  /** The JSON. CouchDB keeps members of your own, too. */
  readonly data: SecurityData;
  readonly #context: DatabaseContext;
  #saved: string;

  /** @internal */
  constructor(context: DatabaseContext, text: string) {
    this.#context = context;
    this.#saved = text;
    this.data = context.client.json.parse(text) as SecurityData;
  }

  /** Whether there is something to save. */
  get dirty(): boolean {
    const { json } = this.#context.client;
    return !isLike(json, this.data, json.parse(this.#saved));
  }

  /** The names of the members; empty if there are none. */
  get members(): readonly string[] {
    return this.data.members?.names ?? [];
  }

  /** The roles of which each makes a member. */
  get memberRoles(): readonly string[] {
    return this.data.members?.roles ?? [];
  }

  /** The names of the admins. */
  get admins(): readonly string[] {
    return this.data.admins?.names ?? [];
  }

  /** The roles of which each makes an admin. */
  get adminRoles(): readonly string[] {
    return this.data.admins?.roles ?? [];
  }

  /** Makes a user a member. One who is one already stays so. */
  addMember(name: string): void {
    this.#add("members", "names", name);
  }

  /**
   * Makes a user no member any more.
   *
   * @throws NotFoundError if there is no such member; nothing is sent
   */
  removeMember(name: string): void {
    this.#remove("members", "names", name);
  }

  /** Makes members of all who have a role. */
  addMemberRole(role: string): void {
    this.#add("members", "roles", role);
  }

  /**
   * Takes a role from those that make members.
   *
   * @throws NotFoundError if it is none of them
   */
  removeMemberRole(role: string): void {
    this.#remove("members", "roles", role);
  }

  /** Makes a user an admin. */
  addAdmin(name: string): void {
    this.#add("admins", "names", name);
  }

  /**
   * Makes a user no admin any more.
   *
   * @throws NotFoundError if there is no such admin
   */
  removeAdmin(name: string): void {
    this.#remove("admins", "names", name);
  }

  /** Makes admins of all who have a role. */
  addAdminRole(role: string): void {
    this.#add("admins", "roles", role);
  }

  /**
   * Takes a role from those that make admins.
   *
   * @throws NotFoundError if it is none of them
   */
  removeAdminRole(role: string): void {
    this.#remove("admins", "roles", role);
  }

  /**
   * Saves it if it has changed, over whatever the server has: it has no revisions.
   *
   * @throws TypeError for members and admins that are not lists of strings; nothing is sent
   * @throws ForbiddenError for who is no admin of the server or the database
   * @see https://docs.couchdb.org/en/stable/api/database/security.html#put--db-_security
   */
  async save({ signal }: OperationOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (!this.dirty) return;
    const { client } = this.#context;
    check(this.data);
    const body = client.json.stringify(this.data);
    const put = { method: "PUT", path: this.#path, body, expects: "ok", signal } as const;
    const request: JsonRequest = { ...put, effect: "idempotent" };
    try {
      await client.request(request);
    } catch (error) {
      if (!(error instanceof ServerError) || !(await this.#isRefusal(error, signal))) throw error;
      const reason = `only an admin may do this (${error.reason})`;
      throw client.error(ForbiddenError, request, {
        status: 403,
        error: "forbidden",
        reason,
      });
    }
    this.#saved = body;
  }

  /** Whether the server, which says it with a 500, means that this user may not: in words, or as a vote lost. */
  async #isRefusal({ reason }: ServerError, signal: AbortSignal | undefined): Promise<boolean> {
    if (reason !== "no_majority") return /server admin/.test(`${reason}`);
    const { client } = this.#context;
    const call = { method: "GET", path: "_session", expects: "userCtx", signal } as const;
    const answer = await client.request(call).catch(() => undefined);
    signal?.throwIfAborted();
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
    if (typeof name !== "string")
      throw new TypeError(`expected a name or role, got ${typeof name}`);
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
      const reason = `${JSON.stringify(name)} is not among the ${kind} of the ${group}`;
      const details = { status: 404, error: "not_found", reason };
      throw this.#context.client.error(NotFoundError, { method: "PUT", path: this.#path }, details);
    }
    list.splice(at, 1);
  }
}

/** CouchDB would refuse it with words that do not tell why. */
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
 * Read who may do what in a database.
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
  { signal }: OperationOptions = {},
): Promise<SecurityDocument> {
  const context = Database.contextOf(db);
  const request = { method: "GET", path: `${context.path}/_security`, signal } as const;
  const { text } = await context.client.request(request);
  return new SecurityDocument(context, text);
}
