import type { ServerResponse } from "node:http";
import {
  bearer,
  CouchDB,
  cookie,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  PreconditionFailedError,
  ServerError,
  UnauthorizedError,
  users,
} from "couchfetch";
import { afterEach, expect, test, vi } from "vitest";
import { type Answering, database, json, startAnswering } from "./answering.js";

const crowd = 200;
const unauthorized = { error: "unauthorized", reason: "You are not authorized to access this db." };

let server: Answering | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await server?.close();
  server = undefined;
});

/** A server that knows one session at a time, and can forget it. */
async function knowing(attributes = "; Version=1; Path=/; HttpOnly") {
  const state = { logins: 0, refused: 0, session: "none" };
  const logIn = (response: ServerResponse) => {
    state.logins += 1;
    state.session = `s${state.logins}`;
    response.setHeader("set-cookie", `AuthSession=${state.session}${attributes}`);
    json(response, 200, { ok: true, name: "jan", roles: [] });
  };
  server = await startAnswering((response, _before, { method, url, headers }) => {
    const { cookie, authorization } = headers;
    if (method === "POST" && url === "/_session") return logIn(response);
    const isKnown = [`AuthSession=${state.session}`, `Bearer ${state.session}`].includes(
      cookie ?? authorization ?? "",
    );
    if (isKnown) return json(response, 200, { _id: "cat", _rev: "1-a" });
    state.refused += 1;
    json(response, 401, unauthorized);
  });
  return { state, url: server.url };
}

const readTogether = (couch: CouchDB) => {
  const db = couch.database("animals");
  return Promise.all(Array.from({ length: crowd }, () => db.get("cat")));
};

test(`${crowd} requests on an expired session are one login`, async () => {
  const { state, url } = await knowing();
  const couch = new CouchDB(url, { auth: cookie("jan", "hunter2") });
  await readTogether(couch);
  expect(state.logins).toBe(1);
  for (let expiries = 1; expiries <= 3; expiries += 1) {
    state.session = "forgotten";
    await readTogether(couch);
    expect(state.logins).toBe(1 + expiries);
  }
  expect(state.refused).toBeLessThanOrEqual(3 * crowd);
});

test(`a token that ${crowd} requests find refused is asked for once`, async () => {
  const { state, url } = await knowing();
  let asked = 0;
  const give = async () => {
    asked += 1;
    state.session = `t${asked}`;
    return state.session;
  };
  const couch = new CouchDB(url, { auth: bearer(give) });
  await readTogether(couch);
  expect(asked).toBe(1);
  state.session = "forgotten";
  await readTogether(couch);
  expect(asked).toBe(2);
});

test("a cookie that is too old by its own account is not sent, for it would be answered as nobody's", async () => {
  const { state, url } = await knowing("; Max-Age=1; Path=/");
  const couch = new CouchDB(url, { auth: cookie("jan", "hunter2") });
  const db = couch.database("animals");
  await db.get("cat");
  await db.get("cat");
  expect(state.logins).toBe(1);
  const now = Date.now;
  try {
    Date.now = () => now() + 1_000;
    await db.get("cat");
  } finally {
    Date.now = now;
  }
  expect(state).toMatchObject({ logins: 2, refused: 0 });
});

test("two sessions of one Auth have a login each, and send each other's cookie nowhere", async () => {
  const auth = cookie("jan", "hunter2");
  const { state, url } = await knowing();
  const cookies: (string | undefined)[] = [];
  const other = await startAnswering((response, _before, { headers }) => {
    cookies.push(headers.cookie);
    response.setHeader("set-cookie", "AuthSession=other");
    json(response, 200, { ok: true, _id: "cat", couchdb: "Welcome" });
  });
  await new CouchDB(url, { auth }).database("animals").get("cat");
  await new CouchDB(other.url, { auth }).info();
  expect(state.logins).toBe(1);
  expect(cookies).toEqual([undefined, "AuthSession=other"]);
  await other.close();
});

test("a login that fails is an error of the request, and the next tries again, save after a refusal", async () => {
  let logins = 0;
  server = await startAnswering((response, _before, { method }) => {
    if (method !== "POST") return json(response, 401, unauthorized);
    logins += 1;
    if (logins === 1) return json(response, 500, { error: "error", reason: "no" });
    json(response, 401, { error: "unauthorized", reason: "Name or password is incorrect." });
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  await expect(couch.info()).rejects.toBeInstanceOf(ServerError);
  for (let n = 0; n < 3; n += 1) {
    await expect(couch.info()).rejects.toBeInstanceOf(UnauthorizedError);
  }
  expect(logins).toBe(2);
});

test("one who gives up waiting for a login does not end it for the others", async () => {
  let answer = () => {};
  server = await startAnswering((response, _before, { method }) => {
    if (method !== "POST") return json(response, 200, { couchdb: "Welcome" });
    answer = () => {
      response.setHeader("set-cookie", "AuthSession=s");
      json(response, 200, { ok: true });
    };
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  const controller = new AbortController();
  const mine = new Error("mine");
  const first = couch.info({ signal: controller.signal }).catch((error: unknown) => error);
  const second = couch.info();
  await expect.poll(() => server?.requests.length).toBe(1);
  controller.abort(mine);
  expect(await first).toBe(mine);
  answer();
  expect((await second).couchdb).toBe("Welcome");
});

/** A server with a feed whose first response is lost after one change. */
async function feeding(logIn: (logins: number, response: ServerResponse) => void) {
  const state = { logins: 0, feeds: 0, session: "none", isRefusing: false };
  server = await startAnswering((response, _before, { method, url = "", headers }) => {
    if (method === "POST") {
      state.logins += 1;
      state.session = `AuthSession=s${state.logins}`;
      return logIn(state.logins, response);
    }
    if (!url.includes("_changes")) return json(response, 200, { couchdb: "Welcome" });
    state.feeds += 1;
    if (state.isRefusing || headers.cookie !== state.session) {
      return json(response, 401, unauthorized);
    }
    response.writeHead(200, { "content-type": "application/json" });
    const change = { seq: state.feeds, id: `d${state.feeds}`, changes: [{ rev: "1-a" }] };
    response.write(`${JSON.stringify(change)}\n`, () => {
      if (state.feeds === 1) setTimeout(() => response.destroy(), 20);
    });
  }, database);
  vi.spyOn(Math, "random").mockReturnValue(0.001);
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  const changes = couch.database("animals").changes({ feed: "continuous" });
  return { state, couch, feed: changes[Symbol.asyncIterator]() };
}

function giveCookie(logins: number, response: ServerResponse): void {
  response.setHeader("set-cookie", `AuthSession=s${logins}`);
  json(response, 200, { ok: true });
}

test("a live feed whose cookie is refused logs in once more, and then ends", async () => {
  const { state, feed } = await feeding(giveCookie);
  expect((await feed.next()).value?.id).toBe("d1");
  state.isRefusing = true;
  await expect(feed.next()).rejects.toBeInstanceOf(UnauthorizedError);
  expect(state).toMatchObject({ logins: 2, feeds: 3 });
});

test("a login without a cookie is an InvalidResponseError, which a live feed survives", async () => {
  const { state, feed, couch } = await feeding((logins, response) => {
    if (logins === 1 || logins > 4) giveCookie(logins, response);
    else json(response, 200, { ok: true, name: "jan", roles: [] });
  });
  expect((await feed.next()).value?.id).toBe("d1");
  state.session = "forgotten";
  const next = feed.next();
  await expect.poll(() => state.logins, { timeout: 10_000 }).toBe(5);
  expect((await next).value?.id).toMatch(/^d/);
  await feed.return?.();
  state.logins = 1;
  const other = new CouchDB(server?.url ?? "", { auth: cookie("jan", "hunter2") });
  const error = await other.info().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidResponseError);
  expect(error).toMatchObject({ status: 200, method: "POST", url: `${server?.url}/_session` });
  await couch.close().catch(() => {});
});

test("a logout that fails is told, and the session is closed all the same", async () => {
  server = await startAnswering((response, _before, { method }) => {
    if (method === "DELETE") return json(response, 500, { error: "error", reason: "no" });
    response.setHeader("set-cookie", "AuthSession=s");
    json(response, 200, { ok: true, couchdb: "Welcome" });
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  await couch.info();
  await expect(couch.close()).rejects.toBeInstanceOf(ServerError);
  await expect(couch.info()).rejects.toMatchObject({ name: "AbortError" });
  await couch.close();
});

test("checkCredentials logs in again where the server has forgotten the session", async () => {
  let known = "";
  let logins = 0;
  server = await startAnswering((response, _before, { method, headers }) => {
    if (method === "POST") {
      logins += 1;
      known = `AuthSession=s${logins}`;
      response.setHeader("set-cookie", `${known}; Path=/`);
      return json(response, 200, { ok: true });
    }
    // As CouchDB does: an old cookie is nobody's, and no error.
    const name = headers.cookie === known ? "jan" : null;
    json(response, 200, { ok: true, userCtx: { name, roles: [] } });
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  expect((await couch.checkCredentials()).name).toBe("jan");
  known = "forgotten";
  expect((await couch.checkCredentials()).name).toBe("jan");
  expect(logins).toBe(2);
  const plain = new CouchDB(server.url, { auth: { headers: () => ({}) } });
  await expect(plain.checkCredentials()).rejects.toThrow(UnauthorizedError);
});

test("a HEAD, whose answer cannot say that the cookie is malformed, logs in again", async () => {
  let logins = 0;
  server = await startAnswering((response, _before, { method, headers }) => {
    if (method === "POST") {
      logins += 1;
      response.setHeader("set-cookie", `AuthSession=s${logins}`);
      return json(response, 200, { ok: true });
    }
    response.setHeader("content-type", "application/json");
    response.writeHead(headers.cookie === "AuthSession=s2" ? 200 : 400).end();
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  expect((await couch.request("animals", { method: "HEAD" })).status).toBe(200);
  expect(logins).toBe(2);
});

test("a gateway that refuses a login has not refused the password", async () => {
  let logins = 0;
  server = await startAnswering((response, _before, { method }) => {
    if (method !== "POST") return json(response, 200, { couchdb: "Welcome" });
    logins += 1;
    if (logins === 1) return response.writeHead(401, { "content-type": "text/html" }).end("<p>");
    response.setHeader("set-cookie", "AuthSession=s");
    json(response, 200, { ok: true });
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  await expect(couch.info()).rejects.toThrow(UnauthorizedError);
  expect((await couch.info()).couchdb).toBe("Welcome");
});

test("a password that was refused is tried again after five minutes, and not before", async () => {
  let logins = 0;
  server = await startAnswering((response, _before, { method }) => {
    if (method !== "POST") return json(response, 200, { couchdb: "Welcome" });
    logins += 1;
    if (logins === 1) return json(response, 401, unauthorized);
    response.setHeader("set-cookie", "AuthSession=s");
    json(response, 200, { ok: true });
  });
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
    await expect(couch.info()).rejects.toThrow(UnauthorizedError);
    vi.setSystemTime(Date.now() + 299_000);
    await expect(couch.info()).rejects.toThrow(UnauthorizedError);
    expect(logins).toBe(1);
    vi.setSystemTime(Date.now() + 2_000);
    expect((await couch.info()).couchdb).toBe("Welcome");
  } finally {
    vi.useRealTimers();
  }
});

test("an Auth is told of each answer, also of the one that refuses what was sent anew", async () => {
  server = await startAnswering((response, before) => {
    if (before === 0) return json(response, 401, unauthorized);
    json(response, 404, { error: "not_found", reason: "missing" });
  });
  const told: number[] = [];
  const onResponse = ({ status }: { status: number }) => {
    told.push(status);
    return status === 401;
  };
  const couch = new CouchDB(server.url, { auth: { headers: () => ({}), onResponse } });
  await expect(couch.database("animals").get("cat")).rejects.toThrow(NotFoundError);
  expect(told).toEqual([401, 404]);
});

test("a write that is done is done, though the Auth breaks on its answer", async () => {
  server = await startAnswering((response) =>
    json(response, 201, { ok: true, id: "cat", rev: "1-a" }),
  );
  const onResponse = () => {
    throw new Error("of the Auth");
  };
  const couch = new CouchDB(server.url, { auth: { headers: () => ({}), onResponse } });
  const cat = couch.database("animals").document("cat", { legs: 4 });
  await cat.save();
  expect(cat.rev).toBe("1-a");
});

test("whoever closes a session waits for its logout, and hears what became of it", async () => {
  server = await startAnswering((response, _before, { method }) => {
    if (method === "DELETE") return json(response, 500, { error: "error", reason: "no" });
    response.setHeader("set-cookie", "AuthSession=s");
    json(response, 200, { couchdb: "Welcome" });
  });
  const couch = new CouchDB(server.url, { auth: cookie("jan", "hunter2") });
  await couch.info();
  const closings = [couch.close(), couch.close()];
  for (const closing of closings) await expect(closing).rejects.toThrow(ServerError);
});

test("a database is not there because too few nodes are", async () => {
  const nodedown = { error: "nodedown", reason: "progress not possible" };
  server = await startAnswering((response) => json(response, 412, nodedown));
  const couch = new CouchDB(server.url, { retry: { limit: 0 } });
  const creating = couch.create("animals", { existsOk: true });
  await expect(creating).rejects.toThrow(PreconditionFailedError);
});

test("a user who was created, and could not be read, may have been created", async () => {
  server = await startAnswering((response, before, { method }) => {
    if (method === "PUT") return json(response, 201, { ok: true, id: "x", rev: "1-a" });
    before === 0
      ? json(response, 404, { error: "not_found", reason: "missing" })
      : response.destroy();
  });
  const couch = new CouchDB(server.url, { retry: { limit: 0 } });
  const error = await users(couch)
    .create("jan", "hunter2")
    .catch((reason) => reason);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error.mayHaveHappened).toBe(true);
});
