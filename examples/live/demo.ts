import {
  basic,
  type ChangesFeed,
  CouchDB,
  CouchDBError,
  type Database,
  type FeedState,
  IncompleteResponseError,
  NetworkError,
  TimeoutError,
  UnauthorizedError,
} from "couchfetch";
import { Arrivals, generationOf } from "./arrivals.js";
import { type PageConfig, startPage } from "./page-server.js";
import { DemoError, openServer } from "./server.js";
import { bold, dim, entry, green, line, red, title, yellow } from "./terminal.js";

export interface DemoOptions {
  /** The server to use, instead of one in memory. */
  couchUrl: string | undefined;
  database: string;
  /** The page's port; 0 for any. */
  port: number;
  /** Ends when everything was shown, instead of at `stop`. */
  once: boolean;
  stop: AbortSignal;
}

interface Animal {
  name: string;
  legs: number;
  seen?: string;
}

const zoo: Record<string, Animal> = {
  bee: { name: "Bee", legs: 6 },
  cat: { name: "Cat", legs: 4 },
  crane: { name: "Crane", legs: 2 },
  octopus: { name: "Octopus", legs: 8 },
  snail: { name: "Snail", legs: 1 },
};

const patience = 30_000;

export async function runDemo(options: DemoOptions): Promise<void> {
  const server = await openServer(options.couchUrl);
  const { access, isEmbedded } = server;
  const auth = access.user && { auth: basic(access.user, access.password ?? "") };
  const couch = new CouchDB(access.url, { ...(auth || {}), timeout: 10_000 });
  // A closed session ends its requests and its feed: nothing is left to wait for.
  const end = () => void couch.close();
  options.stop.addEventListener("abort", end, { once: true });
  if (options.stop.aborted) end();
  try {
    line(`${bold("couchfetch, live:")} a CouchDB written to, searched and followed`);
    line();
    const { version } = await couch.info();
    const which = isEmbedded ? "in memory" : "from COUCHDB_URL";
    entry("server", `${access.url}  ${dim(`CouchDB ${version}, ${which}`)}`);
    entry("database", options.database);

    const animals = await couch.create<Animal>(options.database, { existsOk: true });
    // From before the first write, so that the feed brings all of them.
    const { update_seq } = await animals.info();
    const feed = animals.changes({
      feed: "continuous",
      since: update_seq,
      include_docs: true,
      onState: connectionLight(),
    });
    const written = await write(animals);
    await find(animals);
    await show(feed, written, animals, { ...access, database: options.database }, options);
  } catch (error) {
    if (!options.stop.aborted) throw explained(error, access.url);
  } finally {
    await couch.close();
    await server.close();
  }
}

/** Writes the animals that are not there yet; gives the revisions that the feed must bring. */
async function write(animals: Database<Animal>): Promise<Map<string, string>> {
  title("Writing");
  const all = Object.entries(zoo).map(([_id, data]) => ({ _id, ...data }));
  const { ok } = await animals.createDocs(all);
  const written = new Map(ok.map(({ id, rev = "" }) => [id, rev]));
  for (const { _id, legs: count } of all) {
    entry(_id, written.has(_id) ? legs(count) : dim("is there already"));
  }
  return written;
}

async function find(animals: Database<Animal>): Promise<void> {
  title(`Finding ${dim("{ legs: { $gt: 2 } }")}`);
  for await (const { id, data } of animals.find({ legs: { $gt: 2 } })) entry(id, legs(data.legs));
}

/** Follows the feed while more is written, and serves the page that does the same. */
async function show(
  feed: ChangesFeed<Animal>,
  written: Map<string, string>,
  animals: Database<Animal>,
  config: PageConfig,
  { port, once }: DemoOptions,
): Promise<void> {
  title("Following the changes");
  const arrivals = new Arrivals();
  const following = follow(feed, arrivals);
  following.catch(() => {}); // it is awaited later
  const deadline = setTimeout(() => feed.close(), patience);
  const page = await startPage(config, { port });
  try {
    await showMore(animals, written, arrivals);
    clearTimeout(deadline);
    if (once) await checkPage(page.url, page.paths);
    title("Your turn");
    entry("page", green(page.url));
    if (once) return;
    entry("", dim("Open it in two tabs: what you do in one shows in the other, and here."));
    entry("", `${dim("Ctrl-C ends the demo.")}\n`);
    await following;
  } catch (error) {
    feed.close();
    await following; // if it broke, that is why
    throw error;
  } finally {
    clearTimeout(deadline);
    feed.close();
    await page.close();
  }
}

/** Three writes while the feed runs; returns when it has brought these and the earlier ones. */
async function showMore(
  animals: Database<Animal>,
  written: Map<string, string>,
  arrivals: Arrivals,
): Promise<void> {
  for (const [id, rev] of written) await arrivals.of(id, rev);
  const seen = new Date().toISOString();

  const cat = await animals.upsert("cat", (data) => ({ ...data, seen }));
  await arrivals.of("cat", cat.rev);

  const dodo = await animals.upsert("dodo", () => ({ name: "Dodo", legs: 2, seen }));
  await arrivals.of("dodo", dodo.rev);

  const { rev } = await dodo.delete();
  await arrivals.of("dodo", rev);
}

async function follow(feed: ChangesFeed<Animal>, arrivals: Arrivals): Promise<void> {
  try {
    for await (const change of feed) {
      const revision = dim(`revision ${change.rev.slice(0, change.rev.indexOf("-") + 5)}`);
      if (change.deleted) entry(change.id, `${red("deleted")}  ${revision}`);
      else if (generationOf(change.rev) > 1) entry(change.id, `${yellow("changed")}  ${revision}`);
      else entry(change.id, `${green("created")}  ${revision}`);
      arrivals.note(change.id, change.rev);
    }
  } finally {
    arrivals.end();
  }
}

/** Says when the connection is lost, and when it is back. */
function connectionLight(): (state: FeedState) => void {
  let isLost = false;
  return ({ state, attempt }) => {
    if (attempt === 1) entry("feed", yellow("lost – reconnecting …"));
    if (state === "live" && isLost) entry("feed", green("live again"));
    if (state === "waiting" || state === "live") isLost = state === "waiting";
  };
}

async function checkPage(url: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    const response = await fetch(new URL(path, url));
    await response.arrayBuffer();
    if (!response.ok) throw new DemoError(`The page is not served: ${path} is ${response.status}.`);
  }
}

function explained(error: unknown, url: string): unknown {
  if (error instanceof IncompleteResponseError) {
    return new DemoError(`The connection to the CouchDB at ${url} was lost.`);
  }
  if (error instanceof NetworkError || error instanceof TimeoutError) {
    return new DemoError(`There is no CouchDB to be reached at ${url}.`);
  }
  if (error instanceof UnauthorizedError) {
    return new DemoError(`The CouchDB at ${url} does not accept these credentials.`);
  }
  if (error instanceof CouchDBError && error.reason) {
    return new DemoError(`The CouchDB at ${url} says: ${error.reason}`);
  }
  return error;
}

function legs(count: number): string {
  return count === 1 ? "1 leg" : `${count} legs`;
}
