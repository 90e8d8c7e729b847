import { assert } from "chai";
import { basic, CouchDB } from "couchfetch";
import { type Case, type Context, fill } from "../case.js";
import { throughProxy } from "../proxies.js";

/** What arrives of the work's requests at the server, from whatever runtime. A page's preflights are not its. */
async function arriving(
  context: Context,
  work: (url: string) => Promise<void>,
): Promise<{ request: string; headers: Record<string, string> }[]> {
  let arrived: { request: string; headers: Record<string, string> }[] = [];
  await throughProxy(context, [], async ({ url, status }) => {
    await work(url);
    const { requests, headers } = await status();
    arrived = requests
      .map((request, at) => ({ request, headers: headers[at] ?? {} }))
      .filter(({ request }) => !request.startsWith("OPTIONS"));
  });
  return arrived;
}

const basicOf = (text: string) =>
  `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;

export const requests: Case[] = [
  {
    name: "each says that it wants JSON, and what it sends is JSON",
    async run(context) {
      const { user, password, db } = context;
      const arrived = await arriving(context, async (url) => {
        const couch = new CouchDB(url, { auth: basic(user, password) });
        const cat = couch.database(db.id).document("cat", { legs: 4 });
        await cat.save();
        await cat.info();
        await couch.database(db.id).find({}).toArray();
        await couch.close();
      });
      const methods = arrived.map(({ request }) => request.split(" ")[0]);
      assert.deepEqual(methods, ["PUT", "GET", "POST"]);
      for (const { request, headers } of arrived) {
        assert.equal(headers.accept, "application/json", request);
        const type = request.startsWith("GET") ? undefined : "application/json";
        assert.equal(headers["content-type"], type, request);
      }
    },
  },
  {
    name: "a method is sent as CouchDB knows it, also one that is not HTTP's",
    async run(context) {
      const { user, password, db } = context;
      await fill(db, { cat: { legs: 4 } });
      const arrived = await arriving(context, async (url) => {
        const couch = new CouchDB(url, { auth: basic(user, password) });
        await couch.database(db.id).document("cat").copy("a cat");
      });
      assert.deepEqual(
        arrived.map(({ request, headers }) => [request, headers.destination]),
        [[`COPY /${db.id}/cat`, "a%20cat"]],
      );
    },
  },
  {
    name: "credentials in the URL go into a header, and nowhere else",
    async run(context) {
      const { user, password } = context;
      const arrived = await arriving(context, async (url) => {
        const given = new URL(url);
        given.username = user;
        given.password = encodeURIComponent(password);
        await new CouchDB(given).info();
      });
      assert.deepEqual(
        arrived.map(({ request, headers }) => [request, headers.authorization]),
        [["GET /", basicOf(`${user}:${password}`)]],
      );
    },
  },
  {
    name: "a user and a password may have any character",
    async run(context) {
      const [arrived] = await arriving(context, async (url) => {
        const auth = basic("ünï 漢字 🦊", "p:ä\u{1f510}%40");
        await new CouchDB(url, { auth }).info().catch(() => {});
      });
      assert.equal(arrived?.headers.authorization, basicOf("ünï 漢字 🦊:p:ä\u{1f510}%40"));
    },
  },
  {
    name: "no cookie goes along that a page happens to have",
    async run(context) {
      const page = (globalThis as { document?: { cookie: string } }).document;
      if (page) page.cookie = "theirs=1; path=/";
      const arrived = await arriving(context, async (url) => {
        const { user, password } = context;
        await new CouchDB(url, { auth: basic(user, password) }).info();
      });
      assert.equal(arrived.length, 1);
      assert.notProperty(arrived[0]?.headers, "cookie");
    },
  },
  {
    name: "an attachment has the type that it is given, and a string one that it is not",
    async run(context) {
      const { user, password, db } = context;
      await fill(db, { cat: {} });
      const arrived = await arriving(context, async (url) => {
        const couch = new CouchDB(url, { auth: basic(user, password) });
        const cat = await couch.database(db.id).get("cat");
        await cat.attachment("a").save("text");
        await cat.attachment("b").save("<p>", "text/html");
        await cat.attachment("c").save(new Blob(["x"], { type: "image/x" }));
      });
      const types = arrived
        .filter(({ request }) => request.startsWith("PUT"))
        .map(({ headers }) => headers["content-type"]?.toLowerCase());
      assert.deepEqual(types, ["text/plain;charset=utf-8", "text/html", "image/x"]);
    },
  },
];
