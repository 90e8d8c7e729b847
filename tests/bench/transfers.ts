import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { CouchDBServer } from "./couchdb-server.js";
import type { Seen } from "./data.js";
import type { Entry } from "./entries.js";
import type { Run } from "./rounds.js";
import { openRuntime, type Runtime } from "./runtimes.js";
import { checked } from "./source.js";

interface Original {
  server: CouchDBServer;
  database: string;
  fingerprint: string;
  all: Seen;
  folder: string;
}

/** Runs of what writes a file or a database, which is checked when the clock has stopped. */
export class Transfers {
  readonly #original: Original;
  /** By contender, the file that it imports. */
  readonly #exports = new Map<string, Promise<string>>();

  constructor(original: Original) {
    this.#original = original;
  }

  run(entry: Entry, runtime: Runtime): Promise<Run> {
    return entry.writes === "file"
      ? this.#toFile(entry, runtime)
      : this.#toDatabase(entry, runtime);
  }

  async #toFile(entry: Entry, runtime: Runtime): Promise<Run> {
    const file = join(this.#original.folder, randomUUID());
    try {
      const run = await this.#start(entry, runtime, { file });
      return checked({ ...run, ...(await seenIn(file)) }, this.#original.all, entry);
    } finally {
      await rm(file, { force: true });
    }
  }

  async #toDatabase(entry: Entry, runtime: Runtime): Promise<Run> {
    const { server, fingerprint, all } = this.#original;
    const file = entry.run === "imported" ? await this.#exported(entry) : "";
    const target = await server.create();
    try {
      const run = await this.#start(entry, runtime, { file, target });
      await server.checkCopy(target, fingerprint);
      return { ...run, ...all };
    } finally {
      await server.delete(target);
    }
  }

  #start(entry: Entry, runtime: Runtime, places: { file: string; target?: string }): Promise<Run> {
    const { server, database, all } = this.#original;
    return runtime.run(
      { ...entry, database },
      { server: server.address, count: all.count, ...places },
    );
  }

  /** The file that a contender imports is its own export, in Node. */
  #exported(entry: Entry): Promise<string> {
    const { module } = entry;
    const known = this.#exports.get(module) ?? this.#export(entry);
    this.#exports.set(module, known);
    return known;
  }

  async #export(entry: Entry): Promise<string> {
    const file = join(this.#original.folder, `${entry.module}.export`);
    await this.#start({ ...entry, run: "exported" }, await openRuntime("node"), { file });
    return file;
  }
}

/** Counts the documents in a file of JSON lines, be there one or many in a line. */
async function seenIn(file: string): Promise<Seen> {
  const seen = { count: 0, sum: 0 };
  for await (const line of createInterface({ input: createReadStream(file) })) {
    for (const [, weight] of line.matchAll(/"weight":(\d+)/g)) {
      seen.count += 1;
      seen.sum += Number(weight);
    }
  }
  return seen;
}
