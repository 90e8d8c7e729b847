import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Project, root, run, startProject } from "./project.js";

const program = `
import { type Auth, basic, bearer, bulkGet, type Checkpoint, cookie, CouchDB, type DatabaseUpdate, dbUpdates, designDoc, type Document, type Feed, type FeedState, localCheckpoint, NotFoundError, proxy, readRows, security, users } from "couchfetch";
import { exportDocs, importDocs, type ImportTotals } from "couchfetch/transfer";

interface Animal { legs: number }
const couch = new CouchDB("http://localhost:5984", { auth: basic("a", "b"), fetch });
const animals = couch.database<Animal>("animals");
const free = couch.database("anything");

export async function count(): Promise<number> {
  let legs = 0;
  for await (const { data } of animals.docs({ prefix: "c" })) legs += data.legs;
  for await (const change of animals.changes({ feed: "continuous" })) {
    if (!change.deleted) legs += (await change.doc()).data.legs;
  }
  for await (const batch of animals.find({ legs: 4 }).batches()) legs += batch.length;
  const anything = await free.get("x");
  anything.data.whatever.is = "there";
  return legs;
}

export async function write(signal: AbortSignal): Promise<string[]> {
  const { ok, error, response } = await animals.updateDocs(
    ["cat"],
    (docs) => {
      for (const doc of docs) doc.data.legs += 1;
      docs.create("fish", { legs: 0 }).attachment("a.png");
    },
    { signal },
  );
  await free.createDocs(["dog"], async ([dog]) => void dog?.data.legs);
  await free.updateDocs(["dog"], () => {}, { create: true });
  const [cat] = ok;
  if (!cat) return [...error, ...response].map(({ id }) => id);
  const picture = cat.attachment("pictures/cat.png");
  await picture.save(new Blob(["…"]), "image/png", { onProgress: (bytes, total) => total ?? bytes });
  const stream: ReadableStream<Uint8Array> | null = (await picture.fetch({ signal })).body;
  const rules = await security(animals);
  if (stream) rules.addMember(rules.admins[0] ?? "nobody");
  const design = await designDoc(animals, "zoo", { existsOk: true });
  const byLegs = await design.createView<number, null>("by_legs", { map: "…", reduce: "_count" });
  const legs: number[] = await byLegs.keys().toArray();
  for await (const { docs: [first] } of bulkGet(animals, [{ id: "cat" }])) {
    if (first?.ok && !first.ok._deleted) legs.push(first.ok.legs);
  }
  return [design.id, ...rules.memberRoles, ...legs.map(String)];
}

export async function follow(signal: AbortSignal): Promise<void> {
  const { update_seq } = await animals.allDocs.get({ include_docs: true, update_seq: true });
  const feed = animals.changes({ feed: "continuous", since: update_seq, signal });
  for await (const change of feed) await animals.get(change.id, { rev: change.rev });
  const { bookmark } = await animals.find({}, { limit: 1 }).summary;
  await animals.find({}, { bookmark, limit: undefined }).toArray();
  animals.changes({ lastEventId: feed.sequence });
  const said: string[] = [];
  const checkpoint: Checkpoint = localCheckpoint(animals, "consumer");
  const live = animals.changes({
    feed: "longpoll",
    checkpoint,
    heartbeat: undefined,
    onState({ state, delay, reason, checkpointError }) {
      said.push(state, (delay ?? 0).toFixed(), String(reason ?? checkpointError));
    },
  });
  for await (const batch of live.batches()) said.push(...batch.map(({ id }) => id));
  const onState = (state: FeedState) => {
    if (state.state === "waiting") said.push((state.attempt + state.delay).toFixed(), state.reason?.message ?? "");
    if (state.state === "catchingUp") said.push(state.pending?.toFixed() ?? "");
    if (state.state === "live" && state.caughtUp === true) said.push(state.state);
    // @ts-expect-error Only a feed that waits has a delay.
    if (state.state === "live") said.push(state.delay.toFixed());
  };
  const updates: Feed<DatabaseUpdate> = dbUpdates(couch, { feed: "continuous", since: "now", onState });
  for await (const { db_name, type } of updates) if (type === "deleted") said.push(db_name);
  updates.retryNow();
  await updates.close();
  const fox = animals.document("fox", { legs: 4 });
  await fox.attachment("a").fetch({ rev: fox.rev });
  await fox.copy("fennec", { rev: undefined });
  await bulkGet(animals, [fox]).toArray();
  for await (const { seq } of readRows<{ seq: string }>(animals, "_changes", { member: "results" })) said.push(seq);
}

export async function carry(signal: AbortSignal): Promise<ImportTotals> {
  const own: Auth = { headers: () => ({ authorization: "x" }) };
  const asked: Auth = {
    headers: async ({ url, request }) => ({ a: url + (await request("GET", "_up")).headers.get("a") }),
    onResponse: ({ status, sent, reason = "", headers }) => status === 401 && sent.a !== reason + String(headers.get("a")),
    close: async ({ request }) => void (await request("DELETE", "_session")),
  };
  const auths = [own, asked, cookie("a", "b"), bearer(async () => "c"), proxy("d", { roles: ["e"] })];
  const other = new CouchDB("http://localhost", { auth: auths[0] }).database<Animal>("animals");
  const { data } = await users(couch).create("jan", "secret", { roles: ["zoo"] });
  await users(couch).setRoles(data.name, data.roles);
  await importDocs(other, exportDocs(animals), { new_edits: false });
  await importDocs(other, animals.docs());
  return importDocs(other, [{ legs: 4 }], {
    signal,
    onConflict: (mine, theirs) => ({ legs: Math.max(mine.legs, theirs.legs) }),
    onProgress: ({ read, written }) => void (read - written),
  });
}

export async function cat(): Promise<Document<Animal> | undefined> {
  try {
    return await animals.get("cat", { default: { legs: 4 } });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
`;

let project: Project;

beforeAll(async () => {
  project = await startProject();
}, 120_000);

afterAll(() => project.remove());

test.each([
  ["bundler", "esnext"],
  ["nodenext", "nodenext"],
])(
  "the types compile as users compile: %s",
  async (moduleResolution, module) => {
    const { folder } = project;
    writeFileSync(join(folder, "program.ts"), program);
    const compilerOptions = {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      // Ours are checked, too, with no more than a browser's library.
      skipLibCheck: false,
      types: [],
      lib: ["ES2022", "DOM"],
      target: "ES2022",
      module,
      moduleResolution,
    };
    const config = { compilerOptions, files: ["program.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const output = await run(process.execPath, [tsc, "-p", folder]).then(
      () => "",
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(output).toBe("");
  },
  120_000,
); // A compiler takes its time on a busy machine.
