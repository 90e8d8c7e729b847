import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** What a contender must have seen at its end: so many documents, and the sum of their `weight`. */
export interface Seen {
  count: number;
  sum: number;
}

const words = "the quick brown fox jumps over a lazy dog while seven wizards box in silence".split(
  " ",
);
const names = [
  "Ann Smith",
  "Zoë Müller",
  "Иван Петров",
  "山田 太郎",
  "Kofi Mensah",
  "Ana Núñez 😀",
];

/** The same numbers each time: everybody measures the same bytes. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function* documents(count: number) {
  const random = seeded(35);
  const pick = (from: string[]) => from[random(from.length)] ?? "";
  // One long text, of which each document has its own parts.
  const prose = Array.from({ length: 5000 }, () => pick(words)).join(" ");
  const text = (length: number) => {
    const start = random(prose.length - length);
    return prose.slice(start, start + length);
  };
  const hex = () =>
    random(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  for (let n = 0; n < count; n += 1) {
    yield {
      _id: `order-${String(n).padStart(8, "0")}`,
      _rev: `${1 + random(9)}-${hex()}${hex()}${hex()}${hex()}`,
      type: "order",
      customer: pick(names),
      weight: random(10_000),
      price: random(1_000_000) / 100,
      paid: random(2) === 1,
      placed: new Date(1.7e12 + n * 60_000).toISOString(),
      note: `"${text(48)}"\n\t${text(130)} \\ ${text(25)}`,
      address: {
        street: text(15),
        city: pick(words),
        at: [random(180) - 90.25, random(360) - 180.5],
      },
      lines: [1, 2, 3].map((count) => ({ item: hex(), name: text(9), count, gift: null })),
      tags: [pick(words), pick(words), pick(names)],
    };
  }
}

function* allDocs(count: number, seen: Seen): Generator<string> {
  let before = `{"total_rows":${count},"offset":0,"rows":[\r\n`;
  for (const doc of documents(count)) {
    const { _id: id, _rev: rev } = doc;
    yield `${before}${JSON.stringify({ id, key: id, value: { rev }, doc })}`;
    before = ",\r\n";
    seen.count += 1;
    seen.sum += doc.weight;
  }
  yield "\r\n]}\n";
}

/** How many changes a live feed requests first. */
const firstPage = 100;

/** The changes of a continuous feed, in lines. */
function* changes(count: number): Generator<string> {
  let last = "";
  for (const { seq, json } of changeRows(count)) {
    last = seq;
    yield `${json}\n`;
  }
  yield `${JSON.stringify({ last_seq: last, pending: 0 })}\n\n`;
}

/** The changes of a normal feed, from one of them up to another, exclusive. */
function* page(count: number, from: number, to: number): Generator<string> {
  let before = '{"results":[\n';
  let last = "";
  let n = 0;
  for (const { seq, json } of changeRows(to)) {
    n += 1;
    if (n <= from) continue;
    last = seq;
    yield `${before}${json}`;
    before = ",\r\n";
  }
  yield `\n],\n"last_seq":${JSON.stringify(last)},"pending":${count - to}}\n`;
}

function* changeRows(count: number): Generator<{ seq: string; json: string }> {
  // As long as CouchDB's are with two shards.
  const opaque = "g1AAAACveJzLYWBgYMpgTmEQS84vTc5ISYo3tbQwcTA0MtczAELDHJB8IkNS_f".padEnd(
    150,
    "_7MymBMZc",
  );
  let n = 0;
  for (const doc of documents(count)) {
    n += 1;
    const seq = `${n}-${opaque}${n.toString(36)}`;
    const { _id: id, _rev: rev } = doc;
    yield { seq, json: JSON.stringify({ seq, id, changes: [{ rev }], doc }) };
  }
}

/** In larger pieces: a write for each row would take most of the time. */
function* gathered(pieces: Iterable<string>): Generator<string> {
  let all: string[] = [];
  for (const piece of pieces) {
    all.push(piece);
    if (all.length < 500) continue;
    yield all.join("");
    all = [];
  }
  yield all.join("");
}

/** What there is to see of the first documents, which are the same in each database. */
export function firstSeen(count: number): Seen {
  const seen = { count, sum: 0 };
  for (const { weight } of documents(count)) seen.sum += weight;
  return seen;
}

export function times({ count, sum }: Seen, factor: number): Seen {
  return { count: count * factor, sum: sum * factor };
}

/**
 * Writes what CouchDB 3.5 answers for a database of so many documents, byte by byte in its layout:
 * `_all_docs` and, for a feed, `_changes` with documents, and the first document alone.
 */
export async function writeDatabase(folder: string, count: number, feed: boolean): Promise<Seen> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, pieces: Iterable<string>) =>
    pipeline(Readable.from(gathered(pieces)), createWriteStream(join(folder, name)));
  const seen = { count: 0, sum: 0 };
  await write("_all_docs", allDocs(count, seen));
  if (feed) {
    const first = Math.min(firstPage, count);
    await write("_changes", changes(count));
    await write("_changes-first", page(count, 0, first));
    await write("_changes-rest", page(count, first, count));
  }
  const [first] = documents(1);
  await writeFile(join(folder, "document"), `${JSON.stringify(first)}\n`);
  return seen;
}
