import { parseArgs } from "node:util";
import { startProxyService } from "../conformance/proxy-service.js";
import { serverUnderTest } from "../server-under-test.js";
import { writeInto } from "../written.js";
import { buildSuites } from "./build.js";
import { isGood, type Outcome, outcomeOf, outcomeTable, report } from "./outcome.js";
import { installPrograms } from "./programs.js";
import { type Runtime, runtimes } from "./runtimes.js";
import { startStage } from "./stage.js";

const kinds = [...new Set(runtimes.map(({ kind }) => kind))].join(",");

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: kinds },
    only: { type: "string", default: "" },
    require: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean" },
  },
});

if (values.help) {
  console.log(`npm run test:rest -- [options]
  --runtime ${kinds}
  --only text        only cases whose names contain it
  --require          a runtime that is missing is a failure
  --write            the table to docs/runtimes.md, too`);
  process.exit();
}

const kindsAsked = values.runtime.split(",");
const unknown = kindsAsked.filter((kind) => !kinds.split(",").includes(kind));
if (unknown.length > 0) throw new Error(`--runtime knows ${kinds}; not ${unknown.join(",")}`);

const asked = runtimes.filter(({ kind }) => kindsAsked.includes(kind));
if (asked.some(({ isPackaged }) => isPackaged)) installPrograms();
await buildSuites();
const outcomes: Outcome[] = [];
// Browsers take the longest.
const waiting = asked.toReversed();
const lane = async () => {
  for (let runtime = waiting.shift(); runtime; runtime = waiting.shift()) {
    const outcome = await tryIn(runtime, values.only);
    console.log(report(outcome));
    outcomes[asked.indexOf(runtime)] = outcome;
  }
};
// Most cases wait for something. A server that all share is configured by some of them.
const lanes = process.env.COUCHDB_URL ? 1 : 3;
await Promise.all(Array.from({ length: lanes }, lane));
console.log(`\n${outcomeTable(outcomes)}`);
if (values.write) {
  const date = new Date().toISOString().slice(0, 10);
  const server = process.env.COUCHDB_URL ? "a real CouchDB" : "the embedded CouchDB";
  const table = `On ${date}, against ${server}:\n\n\`\`\`text\n${outcomeTable(outcomes)}\n\`\`\``;
  writeInto("docs/runtimes.md", "npm run test:rest -- --write", table);
}
if (!outcomes.every((each) => isGood(each, values.require))) process.exitCode = 1;

/** Runs the suite in a runtime, against a server that is its own. */
async function tryIn(runtime: Runtime, only: string): Promise<Outcome> {
  const { name, get } = runtime;
  const path = runtime.find();
  if (path === undefined) return { name, missing: get };
  const { url, user, password, secret, lacks, close } = await serverUnderTest();
  const proxies = await startProxyService(url);
  const server = { url, user, password, secret, proxies: proxies.url };
  const stage = await startStage({ server, lacks: { ...lacks, ...runtime.lacks }, only });
  const begin = performance.now();
  try {
    const running = await runtime.start(path, stage);
    const breakdown = await Promise.race([stage.over, running.ended]).then(
      () => undefined,
      (error: Error) => error.message,
    );
    await running.stop();
    const seconds = (performance.now() - begin) / 1000;
    return outcomeOf({ name, version: running.version, seconds, stage, breakdown });
  } finally {
    stage.close();
    await proxies.close();
    await close();
  }
}
