import * as couchfetch from "couchfetch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";
import { blocks } from "./blocks.js";

const { basic, CouchDB } = couchfetch;

const AsyncFunction = (async () => {}).constructor as FunctionConstructor;

let server: ServerUnderTest;

beforeAll(async () => {
  server = await serverUnderTest();
});

afterAll(async () => {
  await server.close();
});

const recipes = blocks().filter(
  ({ page, code }) =>
    page === "docs/errors.md" && /ConflictError|\.update\(/.test(code) && code.includes("legs = 3"),
);

test("docs/errors.md has a recipe for conflicts, with update and without", () => {
  expect(recipes.length).toBeGreaterThanOrEqual(2);
});

test.each(recipes.filter(({ code }) => !code.includes("mayHaveHappened")))(
  "the conflict recipe of docs/errors.md, line $line, keeps its change and the other client's",
  async ({ code }) => {
    const auth = basic(server.user, server.password);
    const couch = new CouchDB(server.url, { auth });
    const name = `recipe_${crypto.randomUUID()}`;
    const other = await couch.create(name);
    await other.createDocs((docs) => docs.create("cat", { legs: 4 }));
    let saves = 0;
    const session = new CouchDB(server.url, {
      auth,
      async fetch(request) {
        // Another client saves between the reading and the first save.
        if (request.method === "PUT") saves += 1;
        if (request.method === "PUT" && saves === 1) {
          await other.document("cat").update((data) => void Object.assign(data, { name: "Tom" }));
        }
        return fetch(request);
      },
    });
    const program = code.replace(/^import (\{.*\}) from "couchfetch";$/m, "const $1 = couchfetch;");
    await new AsyncFunction("couchfetch", "animals", program)(couchfetch, session.database(name));
    expect((await other.get("cat")).json).toEqual({ legs: 3, name: "Tom" });
    expect(saves).toBe(2);
    await couch.delete(name);
    await couch.close();
  },
);
