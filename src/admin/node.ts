import type { HttpClient } from "../http/client.js";
import { encodeSegment } from "../http/paths.js";
import { responseTo } from "../http/response.js";
import type { OperationOptions } from "../shared/types.js";
import { type Ask, asking, type Question } from "./asking.js";

/** A configuration: values, as text, by section and key. */
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
   * The node's name, `couchdb@127.0.0.1` for example.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#get--_node-node-name
   */
  async name(options?: OperationOptions): Promise<string> {
    return (await this.#get<{ name: string }>("", "name", options)).name;
  }

  /**
   * Its configuration, without the values that CouchDB keeps secret.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/configuration.html#get--_node-node-name-_config
   */
  config(options?: OperationOptions): Promise<Config> {
    return this.#get("/_config", undefined, options);
  }

  /** The values of one section by key: none, for a section that there is not. */
  async configSection(
    section: string,
    options?: OperationOptions,
  ): Promise<Record<string, string>> {
    return this.#get(pathOf(section), undefined, options);
  }

  /**
   * One value.
   *
   * @throws NotFoundError if it is not set
   */
  async configValue(section: string, key: string, options?: OperationOptions): Promise<string> {
    return this.#value("GET", pathOf(section, key), options);
  }

  /**
   * Sets a value, from now on, and gives the one before: `""` if there was none.
   *
   * @throws TypeError for what is no string
   * @see https://docs.couchdb.org/en/stable/api/server/configuration.html#put--_node-node-name-_config-section-key
   */
  async setConfig(
    section: string,
    key: string,
    value: string,
    { signal }: OperationOptions = {},
  ): Promise<string> {
    if (typeof value !== "string") throw new TypeError("A configuration's value is a string");
    return this.#value("PUT", pathOf(section, key), { json: value, signal });
  }

  /**
   * Takes a value away, and gives the one that it had.
   *
   * @throws NotFoundError if it is not set
   */
  async deleteConfig(
    section: string,
    key: string,
    { signal }: OperationOptions = {},
  ): Promise<string> {
    return this.#value("DELETE", pathOf(section, key), { signal });
  }

  /** Reads the configuration's files anew, which drops what was set and is not in them. */
  async reloadConfig({ signal }: OperationOptions = {}): Promise<void> {
    const question = { expects: "ok", effect: "idempotent", signal } as const;
    await this.#ask("POST", `${this.#path}/_config/_reload`, question);
  }

  /**
   * Counters of all that the node does; or a part of them.
   *
   * @param part - as in the result's path, `couchdb/request_time` for example
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-stats
   */
  async stats(part = "", options?: OperationOptions): Promise<Record<string, unknown>> {
    const path = part === "" ? "" : `/${part.split("/").map(encodeSegment).join("/")}`;
    return this.#get(`/_stats${path}`, undefined, options);
  }

  /**
   * What the node's Erlang needs: memory, processes, queues.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-system
   */
  system(options?: OperationOptions): Promise<Record<string, unknown>> {
    return this.#get("/_system", "uptime", options);
  }

  /**
   * Counters as text, as Prometheus reads them.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-prometheus
   */
  async prometheus({ signal }: OperationOptions = {}): Promise<string> {
    const path = `${this.#path}/_prometheus`;
    return (await responseTo(this.#client, { method: "GET", path, signal })).text();
  }

  /**
   * The versions of what the node is made of.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-versions
   */
  versions(options?: OperationOptions): Promise<Record<string, Record<string, unknown>>> {
    return this.#get("/_versions", "erlang", options);
  }

  /**
   * What waits to be compacted.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-smoosh-status
   */
  smoosh(options?: OperationOptions): Promise<{ channels: Record<string, unknown> }> {
    return this.#get("/_smoosh/status", "channels", options);
  }

  /**
   * Restarts the node, for tests: all its connections break.
   *
   * @see https://docs.couchdb.org/en/stable/api/server/common.html#node-node-name-restart
   */
  async restart({ signal }: OperationOptions = {}): Promise<void> {
    await this.#ask("POST", `${this.#path}/_restart`, { expects: "ok", signal });
  }

  #get<R>(path: string, expects: string | undefined, { signal }: OperationOptions = {}) {
    const question = { ...(expects === undefined ? {} : { expects }), signal };
    return this.#ask<R>("GET", this.#path + path, question);
  }

  #value(method: "GET" | "PUT" | "DELETE", path: string, question: Question = {}) {
    return this.#ask<string>(method, this.#path + path, { ...question, expects: false });
  }
}

function pathOf(...names: string[]): string {
  return `/_config/${names.map(encodeSegment).join("/")}`;
}
