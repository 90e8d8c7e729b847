import { CouchDB, type Hooks, NotFoundError } from "couchfetch";
import { afterEach, expect, test, vi } from "vitest";
import { json, startAnswering } from "./answering.js";

afterEach(() => vi.restoreAllMocks());

/** The errors that are thrown later, on their own, of which a runtime reports each as uncaught. */
function uncaught(): unknown[] {
  const errors: unknown[] = [];
  const { queueMicrotask } = globalThis;
  vi.spyOn(globalThis, "queueMicrotask").mockImplementation((call) =>
    queueMicrotask(() => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    }),
  );
  return errors;
}

test("hooks that throw change no outcome, and each error is reported as uncaught", async () => {
  const server = await startAnswering((response, before) => {
    if (before === 0) return json(response, 503, { error: "busy" });
    if (before === 2) return json(response, 404, { error: "not_found", reason: "missing" });
    json(response, 200, { _id: "cat", _rev: "1-a", legs: 4 });
  });
  const reported = uncaught();
  const calls: string[] = [];
  const failing = (name: string) => () => {
    calls.push(name);
    throw new Error(name);
  };
  const hooks: Hooks = {
    request: failing("request"),
    response: failing("response"),
    retry: failing("retry"),
  };
  const couch = new CouchDB(server.url, { hooks });
  const animals = couch.database("animals");
  expect((await animals.get("cat")).data.legs).toBe(4);
  await expect(animals.get("cat")).rejects.toThrow(NotFoundError);
  const attempt = ["request", "response"];
  expect(calls).toEqual([...attempt, "retry", ...attempt, ...attempt]);
  expect(reported.map((error) => (error as Error).message)).toEqual(calls);
  await couch.close();
  await server.close();
});

test("headers that cannot be sent are a TypeError", async () => {
  const server = await startAnswering((response) => json(response, 200, {}));
  const hooks: Hooks = { request: () => ({ "a b": "c" }) };
  const couch = new CouchDB(server.url, { hooks });
  await expect(couch.info()).rejects.toThrow(TypeError);
  expect(server.requests).toEqual([]);
  await couch.close();
  await server.close();
});
