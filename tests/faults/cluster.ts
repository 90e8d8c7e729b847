import { spawn } from "node:child_process";
import { once } from "node:events";
import { basic, CouchDB, type Database } from "couchfetch";
import { vi } from "vitest";

/** A revision of a document, as far as the nodes still know it. */
export interface Revision {
  rev: string;
  /** Undefined for the first one. */
  parent: string | undefined;
  /** Undefined if no node has the content of this ancestor. */
  body: Record<string, unknown> | undefined;
}

interface ShardMap {
  /** The nodes with a copy of each range of documents. */
  by_range: Record<string, string[]>;
  shard_suffix: number[];
}

interface Changes {
  results: { id: string; changes: { rev: string }[] }[];
}

interface Stored extends Record<string, unknown> {
  _rev: string;
  _revisions: { start: number; ids: string[] };
}

/** The reason why there is no cluster to test, if there is none. */
export function noCluster(): string | undefined {
  const { COUCHDB_CLUSTER, COUCHDB_CLUSTER_NODE } = process.env;
  if (!COUCHDB_CLUSTER) return "COUCHDB_CLUSTER does not list the URLs of the nodes";
  if (!COUCHDB_CLUSTER_NODE)
    return "COUCHDB_CLUSTER_NODE names no command to kill and start a node";
  return undefined;
}

/**
 * The nodes in `COUCHDB_CLUSTER`: URLs with the credentials of the administrator, separated by commas. The
 * command in `COUCHDB_CLUSTER_NODE` is called with `kill` or `start` and the index of a node. It waits until
 * the node is gone or responds, and does nothing if it already is or does. Nothing else can use the cluster
 * meanwhile.
 */
export class Cluster {
  readonly #urls = (process.env.COUCHDB_CLUSTER ?? "").split(",").map((url) => new URL(url.trim()));
  readonly #credentials = [this.#urls[0]?.username, this.#urls[0]?.password].map((text = "") =>
    decodeURIComponent(text),
  );
  /** The indices of all nodes. */
  readonly all = [...this.#urls.keys()];
  /** The indices of the nodes that are started. */
  #living: number[] = [];
  kills = 0;

  /** The URL of a living node, chosen by a number. */
  livingUrl(n: number): string {
    return this.#urls[this.#living[n % this.#living.length] as number]?.origin as string;
  }

  /** Kill and start nodes until exactly these live. */
  async reach(wanted: readonly number[], first: "kill" | "start" = "start"): Promise<void> {
    const before = this.#living;
    const kill = async () => {
      const doomed = before.filter((n) => !wanted.includes(n));
      this.kills += doomed.length;
      await Promise.all(doomed.map((n) => this.#command("kill", n)));
    };
    const start = () =>
      Promise.all(wanted.filter((n) => !before.includes(n)).map((n) => this.#command("start", n)));
    if (first === "start") await start();
    // A node that is about to die gets no new requests.
    this.#living = [...wanted];
    await kill();
    if (first === "kill") await start();
  }

  async #command(action: "kill" | "start", node: number): Promise<void> {
    const command = `${process.env.COUCHDB_CLUSTER_NODE} ${action} ${node}`;
    const [code] = await once(spawn(command, { shell: true, stdio: "ignore" }), "exit");
    if (code !== 0) throw new Error(`${command}: exit ${code}`);
  }

  /** Ask a node directly. Resolves with undefined if what is asked for does not exist. */
  async request<T>(method: string, path: string, json?: unknown): Promise<T | undefined> {
    const type = "application/json";
    const authorization = `Basic ${btoa(this.#credentials.join(":"))}`;
    const response = await fetch(this.livingUrl(0) + path, {
      method,
      headers: { authorization, accept: type, "content-type": type },
      body: json === undefined ? null : JSON.stringify(json),
    });
    if (response.status === 404) return undefined;
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${text}`);
    return JSON.parse(text) as T;
  }

  /** Wait until all copies of each shard have the same leaves. */
  async settle(database: Database): Promise<void> {
    const { id } = database;
    await this.request("POST", `/${id}/_sync_shards`);
    const map = (await this.request("GET", `/_node/_local/_dbs/${id}`)) as ShardMap;
    const suffix = String.fromCharCode(...map.shard_suffix);
    const leavesOf = async (node: string, range: string) => {
      const shard = encodeURIComponent(`shards/${range}/${id}${suffix}`);
      const path = `/_node/${node}/${shard}/_changes?style=all_docs`;
      const { results } = (await this.request("GET", path)) as Changes;
      const leaves = results.map(
        (row) => `${row.id} ${row.changes.map(({ rev }) => rev).toSorted()}`,
      );
      return leaves.toSorted().join("\n");
    };
    const isSame = async ([range, nodes]: [string, string[]]) => {
      const all = await Promise.all(nodes.map((node) => leavesOf(node, range)));
      return new Set(all).size === 1;
    };
    await vi.waitUntil(
      async () => (await Promise.all(Object.entries(map.by_range).map(isSame))).every(Boolean),
      { timeout: 60_000, interval: 500 },
    );
  }

  /** All revisions of a document, from all nodes. */
  async revisionsOf(database: Database, id: string): Promise<Revision[]> {
    // `_bulk_get` reports an ancestor as missing if one of the nodes does not have its content.
    const read = async (revs: string) => {
      const query = `open_revs=${encodeURIComponent(revs)}&revs=true&r=${this.all.length}`;
      const path = `/${database.id}/${encodeURIComponent(id)}?${query}`;
      const rows = await this.request<{ ok?: Stored }[]>("GET", path);
      return (rows ?? []).flatMap(({ ok }) => ok ?? []);
    };
    const tree = new Map<string, Revision>();
    for (const leaf of await read("all")) {
      const { start, ids } = leaf._revisions;
      const history = ids.map((hash, n) => `${start - n}-${hash}`);
      for (const [n, rev] of history.entries())
        tree.set(rev, { rev, parent: history[n + 1], body: tree.get(rev)?.body });
      tree.set(leaf._rev, { rev: leaf._rev, parent: history[1], body: { ...leaf } });
    }
    const ancestors = [...tree.values()].filter(({ body }) => !body).map(({ rev }) => rev);
    const known = ancestors.length > 0 ? await read(JSON.stringify(ancestors)) : [];
    for (const body of known) Object.assign(tree.get(body._rev) ?? {}, { body });
    return [...tree.values()];
  }

  /** A session with a living node, or with what is behind another URL. */
  session(url = this.livingUrl(0)): CouchDB {
    const [user = "", password = ""] = this.#credentials;
    // Nodes take a while to start.
    return new CouchDB(url, { auth: basic(user, password), timeout: 120_000 });
  }
}
