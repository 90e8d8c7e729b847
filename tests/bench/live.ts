/**
 * `npm run bench:live -- --write`: what a live query of 50 000 documents costs. The server is a stub in the same
 * process, so that only the client counts.
 */

import { CouchDB, type Fetch } from "../../dist/index.js";
import { type LiveQuery, live } from "../../dist/live.js";
import { writeInto } from "../written.js";
import { documents } from "./data.js";
import { median } from "./statistics.js";
import { table } from "./tables.js";

type Doc = { _id: string; _rev: string; weight: number };

const count = 50_000;
const singleChanges = 101;
const seconds = 5;
const changesPerSecond = 1_000;
const encoder = new TextEncoder();
const { gc } = globalThis as { gc?: () => void };
if (!gc) throw new Error("run it with --expose-gc");

/** Bytes of live objects. */
async function heap(): Promise<number> {
  for (let n = 0; n < 4; n += 1) {
    // This wait is for other tasks, after which more garbage can be collected. No event ends it.
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc?.();
  }
  return process.memoryUsage().heapUsed;
}

const lines = function* () {
  yield '{"docs":[\n';
  let comma = "";
  for (const doc of documents(count)) {
    yield `${comma}${JSON.stringify(doc)}`;
    comma = ",\n";
  }
  yield '\n],"bookmark":"nil"}\n';
};

function streamOf(texts: Iterator<string>): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      let piece = "";
      while (piece.length < 65_536) {
        const { done, value } = texts.next();
        if (done) {
          controller.enqueue(encoder.encode(piece));
          return controller.close();
        }
        piece += value;
      }
      controller.enqueue(encoder.encode(piece));
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
const fetch: Fetch = async ({ url }) => {
  const { pathname, searchParams } = new URL(url);
  if (pathname.endsWith("/_find")) return streamOf(lines());
  if (!pathname.endsWith("/_changes")) return Response.json({ db_name: "orders" });
  if (searchParams.get("feed") !== "continuous")
    return Response.json({ results: [], last_seq: 1, pending: 0 });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      feed = controller;
    },
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
};

let seq = 1;
/** A change of a document, as CouchDB sends it. */
function changeOf(doc: Doc): string {
  seq += 1;
  const _rev = `${Number.parseInt(doc._rev, 10) + seq}-${"0".repeat(32)}`;
  const changed = { ...doc, _rev, weight: (doc.weight * 7 + seq) % 10_000 };
  return `${JSON.stringify({ seq, id: doc._id, changes: [{ rev: _rev }], doc: changed })}\n`;
}

const send = (text: string) => feed?.enqueue(encoder.encode(text));
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Milliseconds of CPU from a change to the snapshot that has it. */
async function oneChange(query: LiveQuery, text: string): Promise<number> {
  const before = query.current;
  const shown = new Promise<void>((resolve) => {
    const stop = query.subscribe((snapshot) => {
      if (snapshot === before) return;
      stop();
      resolve();
    });
  });
  const start = cpu();
  send(text);
  await shown;
  return cpu() - start;
}

/** The share of a core, and the snapshots a second. */
async function manyChanges(query: LiveQuery, texts: string[]): Promise<[number, number]> {
  let snapshots = 0;
  const stop = query.subscribe(() => {
    snapshots += 1;
  });
  const perTick = changesPerSecond / 100;
  const begin = performance.now();
  const start = cpu();
  for (let at = 0; at < texts.length; at += perTick) {
    const due = begin + (at / perTick) * 10;
    await new Promise((resolve) => setTimeout(resolve, Math.max(due - performance.now(), 0)));
    send(texts.slice(at, at + perTick).join(""));
  }
  const wall = performance.now() - begin;
  const used = cpu() - start;
  stop();
  return [used / wall, (snapshots * 1000) / wall];
}

let kept: unknown[] | undefined;
const empty = await heap();
kept = [...documents(count)].map((doc) => JSON.parse(JSON.stringify(doc)));
const ofDocuments = (await heap()) - empty;
const sample = (kept as Doc[]).slice(0, changesPerSecond * seconds);
const singles = sample.slice(0, singleChanges).map(changeOf);
const bursts = sample.map(changeOf);
kept = undefined;

const before = await heap();
const couch = new CouchDB("http://localhost:1", { fetch });
const query = live(couch.database("orders"), {
  selector: { type: "order" },
  sort: [{ weight: "desc" }],
});
const stop = query.subscribe(() => {});
const { docs } = await query.ready;
if (docs.length !== count) throw new Error(`the query has ${docs.length} documents`);
const ofQuery = (await heap()) - before;
const costs: number[] = [];
for (const text of singles) costs.push(await oneChange(query, text));
const [share, snapshots] = await manyChanges(query, bursts);
stop();
await couch.close();

const rows = [
  ["one change, to the new snapshot: CPU, median", `${median(costs).toFixed(1)} ms`, "≤ 5 ms"],
  [`${changesPerSecond} changes a second: share of a core`, share.toFixed(2), "< 0.50"],
  [`${changesPerSecond} changes a second: snapshots a second`, snapshots.toFixed(0), "≤ 63"],
  ["memory, beside the documents alone", `${(ofQuery / ofDocuments).toFixed(2)} ×`, "≤ 1.30 ×"],
];
const [major] = process.versions.node.split(".");
const text = `A live query of ${count.toLocaleString("en").replaceAll(",", " ")} documents of 800 bytes, with a selector and a sort order, in Node ${major}. \`npm run bench:live -- --write\`
measured it, and counts the client alone:

${table(["what", "measured", "required"], rows)}`;
console.log(text);
if (process.argv.includes("--write"))
  writeInto("docs/live.md", "npm run bench:live -- --write", text);
