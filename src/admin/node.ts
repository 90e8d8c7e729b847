import type { HttpClient } from "../http/client.js";
import { encodeSegment } from "../http/paths.js";
import { responseTo } from "../http/response.js";
import { checkOptions, checkType } from "../shared/arguments.js";
import type { OperationOptions } from "../shared/types.js";
import { type Ask, asking, type Question } from "./asking.js";

/** A configuration: values as text, by section and key. */
export type Config = Record<string, Record<string, string>>;

/**
 * A node of a server.
 *
 * @see https://docs.couchdb.org/en/stable/api/server/configuration.html
 */
export class ServerNode {
  readonly #client: HttpClient;
  readonly #ask: Ask;
  readonly #path: string;

  /** @internal */
  constructor(client: HttpClient, name: string) {
    this.#client = client;
    this.#ask = asking(client);
    this.#path = `_node/${encodeSegment(name)}`;
  }

  /**
   * Read the node's name, such as `couchdb@127.0.0.1`.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_node-node-name
   */
  async name(options?: OperationOptions): Promise<string> {
    return (await this.#get<{ name: string }>("", "name", options)).name;
  }

  /**
   * Read the node's configuration, without the values that CouchDB keeps secret.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/configuration.html#get--_node-node-name-_config
   */
  config(options?: OperationOptions): Promise<Config> {
    return this.#get("/_config", undefined, options);
  }

  /** Read the values of a section by key. A section that does not exist has none. */
  async configSection(
    section: string,
    options?: OperationOptions,
  ): Promise<Record<string, string>> {
    return this.#get(pathOf(section), undefined, options);
  }

  /**
   * Read a value.
   *
   * @throws NotFoundError if it is not set
   */
  async configValue(section: string, key: string, options: OperationOptions = {}): Promise<string> {
    const limits = checkOptions(options, "");
    return this.#value("GET", pathOf(section, key), { limits });
  }

  /**
   * Set a value, with immediate effect.
   *
   * ```ts
   * await admin(couch).node().setConfig("log", "level", "warning");
   * ```
   *
   * @returns the previous value; `""` if it was not set
   * @throws TypeError if the value is not a string
   * @see https://docs.couchdb.org/en/stable/api/server/configuration.html#put--_node-node-name-_config-section-key
   */
  async setConfig(
    section: string,
    key: string,
    value: string,
    options: OperationOptions = {},
  ): Promise<string> {
    const limits = checkOptions(options, "");
    checkType("value", "string", value);
    return this.#value("PUT", pathOf(section, key), { json: value, limits });
  }

  /**
   * Delete a value.
   *
   * @returns the previous value
   * @throws NotFoundError if it is not set
   */
  async deleteConfig(
    section: string,
    key: string,
    options: OperationOptions = {},
  ): Promise<string> {
    const limits = checkOptions(options, "");
    return this.#value("DELETE", pathOf(section, key), { limits });
  }

  /** Reload the configuration files, which drops values that were set but are not in them. */
  async reloadConfig(options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    const question = { expects: "ok", effect: "idempotent", limits } as const;
    await this.#ask("POST", `${this.#path}/_config/_reload`, question);
  }

  /**
   * Read the node's counters, or a part of them.
   *
   * @param part - the path of a part, such as `couchdb/request_time`
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-stats
   */
  async stats(part = "", options?: OperationOptions): Promise<Record<string, unknown>> {
    const path = part === "" ? "" : `/${part.split("/").map(encodeSegment).join("/")}`;
    return this.#get(`/_stats${path}`, undefined, options);
  }

  /**
   * Read statistics of the node's Erlang VM: memory, processes, queues.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-system
   */
  system(options?: OperationOptions): Promise<Record<string, unknown>> {
    return this.#get("/_system", "uptime", options);
  }

  /**
   * Read the node's counters as text, in Prometheus's format.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-prometheus
   */
  async prometheus(options: OperationOptions = {}): Promise<string> {
    const limits = checkOptions(options, "");
    const path = `${this.#path}/_prometheus`;
    return (await responseTo(this.#client, { method: "GET", path, limits })).text();
  }

  /**
   * Read the versions of the node's components.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-versions
   */
  versions(options?: OperationOptions): Promise<Record<string, Record<string, unknown>>> {
    return this.#get("/_versions", "erlang", options);
  }

  /**
   * Read the state of automatic compaction: its queues and running jobs.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-smoosh-status
   */
  smoosh(options?: OperationOptions): Promise<{ channels: Record<string, unknown> }> {
    return this.#get("/_smoosh/status", "channels", options);
  }

  /**
   * Restart the node, for tests. All its connections are closed.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-restart
   */
  async restart(options: OperationOptions = {}): Promise<void> {
    const limits = checkOptions(options, "");
    await this.#ask("POST", `${this.#path}/_restart`, { expects: "ok", limits });
  }

  async #get<R>(path: string, expects: string | undefined, options: OperationOptions = {}) {
    const limits = checkOptions(options, "");
    const question = { ...(expects === undefined ? {} : { expects }), limits };
    return this.#ask<R>("GET", this.#path + path, question);
  }

  #value(method: "GET" | "PUT" | "DELETE", path: string, question: Question = {}) {
    return this.#ask<string>(method, this.#path + path, { ...question, expects: false });
  }
}

function pathOf(...names: string[]): string {
  return `/_config/${names.map(encodeSegment).join("/")}`;
}
