import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { locate } from "./contenders/locate.js";
import { documents } from "./data.js";

export interface ServerInfo {
  version: string;
  nodes: number;
  /** How many shards a database has, and how many copies of each. */
  shards: number;
  copies: number;
}

/** How many documents are written with one request. */
const batchSize = 1000;

/** How long nodes may take to agree, in milliseconds. */
const patience = 10_000;

/** A running CouchDB. It deletes the databases that it has created. */
export class CouchDBServer {
  readonly #created = new Set<string>();

  /** @param address - the URL, with an administrator's credentials */
  constructor(readonly address: string) {}

  async create(): Promise<string> {
    const name = `couchfetch-bench-${randomUUID()}`;
    this.#created.add(name);
    await this.#send("PUT", name);
    return name;
  }

  async delete(name: string): Promise<void> {
    await this.#send("DELETE", name, undefined, [404]);
    this.#created.delete(name);
  }

  /** Deletes every database that is left, even if one of them cannot be. */
  async deleteAll(): Promise<void> {
    const deleted = await Promise.allSettled([...this.#created].map((name) => this.delete(name)));
    const failed = deleted.find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }

  async fill(name: string, count: number): Promise<void> {
    let docs: object[] = [];
    const write = async () => {
      if (docs.length > 0) await this.#send("POST", `${name}/_bulk_docs`, { docs });
      docs = [];
    };
    for (const { _rev, ...doc } of documents(count)) {
      docs.push(doc);
      if (docs.length === batchSize) await write();
    }
    await write();
  }

  async info(name: string): Promise<ServerInfo> {
    const { version } = await (await this.#send("GET", "")).json();
    const { cluster_nodes } = await (await this.#send("GET", "_membership")).json();
    const { cluster } = await (await this.#send("GET", name)).json();
    return { version, nodes: cluster_nodes.length, shards: cluster.q, copies: cluster.n };
  }

  /** The same for two databases with the same documents in the same revisions. */
  async fingerprint(name: string): Promise<string> {
    const response = await this.#send("GET", `${name}/_all_docs`);
    return createHash("sha256")
      .update(await response.text())
      .digest("hex");
  }

  /** Rejects if a database does not have the documents of another. Nodes may take a moment to agree. */
  async checkCopy(name: string, fingerprint: string): Promise<void> {
    const end = Date.now() + patience;
    while ((await this.fingerprint(name)) !== fingerprint) {
      if (Date.now() > end) throw new Error("the copy does not have the same documents");
      await sleep(100);
    }
  }

  async #send(method: string, path: string, body?: object, accepted: number[] = []) {
    const { url, headers } = locate(this.address);
    const response = await fetch(`${url}/${path}`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok || accepted.includes(response.status)) return response;
    throw new Error(`${method} /${path}: ${response.status} ${await response.text()}`);
  }
}
