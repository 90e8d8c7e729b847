import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import type { Options, Report } from "./bench.js";
import { atOnce } from "./contenders/contender.js";
import { demandsTable } from "./judge.js";
import { workloadTable } from "./tables.js";

const peers = ["nano", "pouchdb-core", "@ibm-cloud/cloudant"];

export const command = "npm run bench -- --couchdb URL --write";

/** All tables, each under its runtime. */
export function results(report: Report, section = titled): string {
  const tables = report.runtimes.map(({ name, version, measured }) =>
    section(
      `${name} ${version}`,
      measured.flatMap((one) => [`### ${one.workload.title}`, workloadTable(one)]).join("\n\n"),
    ),
  );
  const leftOut = report.leftOut.map(({ name, reason }) => `${name} is left out: ${reason}`);
  return [...tables, ...leftOut].join("\n\n");
}

const titled = (title: string, content: string) => `## ${title}\n\n${content}`;

const folded = (title: string, content: string) =>
  `<details>\n<summary>${title}</summary>\n\n${content}\n\n</details>`;

const many = (count: number) => count.toLocaleString("en").replaceAll(",", " ");

/**
 * The page of the documentation, whole.
 *
 * @param couchdb - the section that `--couchdb` has written
 */
export function page(report: Report, options: Options, couchdb: string): string {
  const { documents, gets, rounds, seconds } = options;
  return `# Benchmarks

How fast couchfetch reads, how much memory it needs, and how large it is, beside the other clients for CouchDB:

![Time, memory and size of a scan beside nano, PouchDB and the Cloudant SDK](benchmarks.svg)

\`npm run bench -- --write\` measured this and wrote this page. Do not edit it: run the command again. It takes most of an
hour, and 1 GB of disk meanwhile. \`npm run bench -- --help\` shows how to run a part. Believe the ratios more than the
times: both sides of a ratio ran on the same machine, one after the other.

${machine(peers)}

## Requirements

Each number is the median of couchfetch's number divided by that of another contender. ✓ meets the requirement; ✗ does
not. [Method](#method) explains the contenders and the numbers.

${demandsTable(report)}

The size is that of \`import { CouchDB, basic }\`, bundled by esbuild, minified and gzipped, ky included.

## Requirements that are not met

Profiles show where the time and the memory go. These commands repeat them, after a run of the benchmark, with the
server of \`tests/bench/server.ts\`: \`bun --cpu-prof\`, \`node --cpu-prof\` or \`node --trace-gc\`, each followed by
\`tests/bench/.built/process.js\` and the contender.

| requirement | the profile shows |
|---|---|
| CPU of a scan, in Bun | \`JSON.parse\` and \`TextDecoder\` take nearly all of the time, as in the loop. They take longer because JavaScriptCore collects garbage while a batch of documents and their texts is alive, where the loop drops each row |
| CPU of a scan or feed, in Deno | The runtime compiles the library meanwhile. Over ten times the rows, this no longer counts |
| CPU of a small document, in Node | No single part stands out among signal, timer, credentials, hooks and retry |
| peak memory over ten times the rows, with the default heap | The young generation of V8, which grows with the loop as well. With a tight heap, the memory is flat |
| longest task, in Node | Collections of V8's young generation of 10 to 20 ms |
| time and CPU of a scan from CouchDB, beside \`fetch\` | The server writes one row at a time, and a client can only wait: the runtime takes most of the CPU to receive these pieces. Two scans at once are faster, but have no order: exports use them, \`docs()\` cannot. \`_bulk_get\` of the ids takes less CPU, and on some machines less time, but twice the memory |
| time of exports and imports, beside couchbackup | The server keeps both cores busy most of the time, with couchbackup as well |
| CPU of exports, beside couchbackup | The runtime receives one or two documents at a time. couchbackup receives 500 with one response, and has them all in memory |
| longest task of exports and imports, in all runtimes | Client and server share two cores. With a core for each (\`taskset\`), none is above 20 ms in Deno and Bun; in Node only imports are, by collections of the young generation |

The longest tasks in Chromium have no profile yet.

## With a running CouchDB

<!-- Written by ${command} -->

${couchdb}

<!-- Up to here -->

## Method

A server process sends the same recorded bytes to all contenders, in CouchDB 3.5's layout: ${many(documents)} documents of
about 800 bytes. Each contender runs in a new process, in Chromium in a new page. The contenders run one after the other,
in ${rounds} rounds; every second round runs backwards. A contender that has not seen every document has failed. The clock
starts after the imports, and after one \`fetch("data:,")\`, because Node loads its fetch at first use. There is no other
warm-up, because scripts and functions have none.

| contender | code |
|---|---|
| loop | a loop written by hand: \`fetch\`, a reader, \`TextDecoder\`, lines, \`JSON.parse\` for each line |
| json() | \`(await fetch(url)).json()\`, then its rows |
| nano, PouchDB, Cloudant SDK | \`list\`; \`allDocs\` of the HTTP adapter; \`postAllDocs\` |
| ky | \`ky.get(url).json()\`, the library that couchfetch is built on |

| number | meaning |
|---|---|
| CPU | user and system time of the whole process, from the request to the last document |
| time | the same by the clock. With chunks, the server may limit it: compare the CPU |
| peak memory | the maximum of the process, its runtime included |
| first document | until the first document is there |
| longest task | the longest that a timer had to wait: so long, a page could not react |
| sent, server's memory | the bytes that the server sent, and the growth of its own maximum |
| ÷ | the median of the ratios, each within one round, with the least and the most |

- **Ten times the rows** runs without the contenders that buffer: they would need ten times the memory. CPU beside the loop
  counts there, too. In a process of half a second, compiling the library costs more than compiling ten lines.
- **A small document** is requested ${many(gets)} times, one after the other.
- **A consumer that takes a millisecond for each change** has a flat feed if it needs no more memory than at full speed.
- **A slow consumer** takes one of ${many(documents * 10)} documents a second, ${seconds} of them, and leaves. It holds the server back
  if neither side needs more memory than at full speed, and if the server sends little more than the sockets hold.
- **${atOnce} scans in one process** are flat if they need no more memory for ${many(documents / 2)} rows each than for ${many(documents / 10)}.
  A quarter more is allowed for garbage, which grows while a runtime runs.

The last three take minutes, and run in one round. Memory is required to be flat twice: with the default heap, and with a
tight one, where V8 is limited to 16 MB, or 96 MB for the ${atOnce} scans (JavaScriptCore has no such option). The tight heap
shows what is needed, the default one also what V8 takes. V8 takes more the longer it runs, with the hand-written loop as
well: its young generation grows, and it clears short strings of \`JSON.parse\` only with the old generation.

## Details

${results(report, folded)}
`;
}

/** The section of the page about a running CouchDB. */
export function couchdbSection(report: Report, options: Options): string {
  const { couchdb } = report;
  if (!couchdb) throw new Error("no CouchDB was measured");
  const { documents, gets, rounds } = options;
  const { version, nodes, copies, shards } = couchdb;
  const count = nodes === 1 ? "one node" : `${nodes} nodes, ${copies} copies of each document`;
  const place = isHere(options.couchdb) ? "on the machine of the clients" : "on another machine";
  return `\`${command}\` measured CouchDB ${version}, ${place}, with ${count}, and
${shards} shards a database: ${many(documents)} documents of 800 bytes, in ${rounds} alternating rounds.

${machine([...peers, "@cloudant/couchbackup"])}

${demandsTable(report)}

| contender | code |
|---|---|
| fetch | reads the bytes of \`_all_docs?include_docs=true\` or \`_changes?include_docs=true\`, without parsing them; for one document, \`(await fetch(url)).json()\` |
| nano | \`list\`, \`changes\`, \`get\` |
| PouchDB | the HTTP adapter's \`allDocs\`, \`changes\` in batches of 1000, \`get\`, \`replicate.to\` |
| Cloudant SDK | \`postAllDocs\`, \`ChangesFollower\`, \`getDocument\` |
| couchbackup | \`backup\` and \`restore\`, with their default options |

CPU and memory are those of the client. ${many(Math.min(gets, documents))} small documents are requested, each once. An import reads the file that the same
client has exported. Every copy is compared with the original, by ids and revisions. Copies from one database to another
run in one round.

${results(report, folded)}`;
}

const isHere = (url = "") => /^(localhost|127\..*|\[::1\])$/.test(new URL(url).hostname);

function machine(packages: string[]): string {
  const [cpu] = cpus();
  const gigabytes = (totalmem() / 2 ** 30).toFixed(0);
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" });
  const versions = packages.flatMap((name) => {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return existsSync(file) ? [`${name} ${JSON.parse(readFileSync(file, "utf8")).version}`] : [];
  });
  return `On ${new Date().toISOString().slice(0, 10)}, commit ${commit.trim()}; ${cpu?.model.trim()}, ${cpus().length} cores, ${gigabytes} GB;
${system()}, ${release()}, ${[arch(), ...versions].join(", ")}.`;
}

function system(): string {
  const file = "/etc/os-release";
  if (!existsSync(file)) return platform();
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync(file, "utf8"))?.[1] ?? platform();
}
