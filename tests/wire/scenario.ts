import type { Doc } from "../server/types.js";
import { exchange } from "./exchange.js";

/** What the scenario's steps have to work with. */
export interface Stage {
  url: string;
  admin: string;
  /** The session cookie of the last recording that logged in. */
  cookie: string;
  /** The embedded server's revision for each that the recordings speak of. */
  revisions: Map<string, string>;
}

async function send(stage: Stage, method: string, path: string, body?: unknown): Promise<Doc> {
  const { status, body: text } = await exchange({
    url: stage.url,
    method,
    path,
    headers: { authorization: stage.admin, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
  return JSON.parse(text.toString());
}

async function currentRev(stage: Stage, path: string): Promise<string> {
  return String((await send(stage, "GET", path))._rev);
}

/** What happened, unrecorded, before the recording of that name. */
export const BEFORE: Record<string, (stage: Stage) => Promise<unknown>> = {
  "server-all-dbs": async (stage) => {
    for (const name of ["_global_changes", "bench"]) await send(stage, "PUT", `/${name}`);
  },
  "all-docs-empty": (stage) => send(stage, "PUT", "/wire_empty"),
  "all-docs": async (stage) => {
    const rev = await currentRev(stage, "/wire_animals/animal-0007");
    await send(stage, "DELETE", `/wire_animals/animal-0007?rev=${rev}`);
  },
  "view-reduce-error": (stage) =>
    send(stage, "PUT", "/wire_animals/_design/broken", {
      views: {
        bad_reduce: { map: "function(d){emit(d._id,d._id)}", reduce: "_sum" },
      },
    }),
  "changes-continuous-db-deleted": (stage) => send(stage, "PUT", "/wire_tmp2"),
  "attachment-put": async (stage) => {
    const { rev } = await send(stage, "PUT", "/wire_animals/att", { type: "att" });
    stage.revisions.set("1-3f2a28b7330d10733c9bfb555cad5590", String(rev));
  },
  "session-login": (stage) =>
    send(stage, "PUT", "/_users/org.couchdb.user:wire_bob", {
      name: "wire_bob",
      password: "hunter2",
      roles: ["r1"],
      type: "user",
    }),
  "partition-info": (stage) =>
    send(stage, "POST", "/wire_part/_bulk_docs", {
      docs: [
        { _id: "cat:1", n: 1 },
        { _id: "cat:2", n: 2 },
        { _id: "dog:1", n: 3 },
      ],
    }),
};

/** What a recording did that is not replayed, and on which later ones build. */
export const INSTEAD: Record<string, (stage: Stage) => Promise<unknown>> = {
  "design-update-handler": async (stage) => {
    const path = "/wire_animals/animal-0001";
    await send(stage, "PUT", path, { ...(await send(stage, "GET", path)), touched: true });
  },
};

const live = (name: string, count: number) => async (stage: Stage) => {
  for (let i = 1; i <= count; i++) {
    await send(stage, "PUT", `/wire_animals/live-${name}-${i}`, { i, text: "live 🦊 }" });
  }
};

/** What happened while a feed was being recorded, after it had begun. */
export const DURING: Record<string, (stage: Stage) => Promise<unknown>> = {
  "changes-continuous-heartbeat": live("changes-continuous-heartbeat", 6),
  "changes-continuous-timeout-last-seq": live("changes-continuous-timeout-last-seq", 3),
  "changes-longpoll": live("changes-longpoll", 1),
  "changes-eventsource": live("changes-eventsource", 4),
  "db-updates-continuous": async (stage) => {
    await send(stage, "PUT", "/wire_tmp", {});
    await send(stage, "DELETE", "/wire_tmp");
  },
  "changes-continuous-db-deleted": (stage) => send(stage, "DELETE", "/wire_tmp2"),
};

/** Credentials that the recordings leave out. */
export const CREDENTIALS: Record<string, (stage: Stage) => Record<string, string>> = {
  "auth-wrong-password-401": () => ({
    authorization: `Basic ${Buffer.from("admin:wrong").toString("base64")}`,
  }),
  "session-get-cookie": ({ cookie }) => ({ cookie }),
  "session-bad-cookie-400": () => ({ cookie: "AuthSession=garbage" }),
  "db-forbidden-403": ({ cookie }) => ({ cookie }),
  "session-logout": ({ cookie }) => ({ cookie }),
  "jwt-malformed-400": () => ({ authorization: "Bearer not.a.token" }),
};

/** In these, CouchDB's rows come in the order in which its two shards delivered them. */
export const UNORDERED = [
  "changes-normal",
  "changes-selector",
  "changes-doc-ids",
  "changes-continuous-backlog",
];

/** In these, the shards also decide which rows there are: only their number and form compare. */
export const ARBITRARY = [
  "changes-normal-include-docs",
  "changes-style-all-docs-desc",
  "changes-filter-fn",
];
