import { assert } from "chai";
import {
  ConflictError,
  CouchDBError,
  type DesignDocument,
  defineView,
  deploy,
  designDoc,
  NotFoundError,
  security,
} from "couchfetch";
import { type Case, fill, rejects } from "../case.js";

const map = "function (doc) { emit(doc._id, doc.legs); }";

/** With a member that no design document has. */
function strange(design: DesignDocument): DesignDocument {
  Object.assign(design.data, { legs: 4 });
  return design;
}

export const designs: Case[] = [
  {
    name: "a member that a design document does not have is a TypeError, however it is saved",
    async run({ db }) {
      await rejects(strange(await designDoc(db, "zoo")).save(), TypeError);
      const zoo = await designDoc(db, "zoo");
      await zoo.save();
      await rejects(
        zoo.update((data) => {
          Object.assign(data, { legs: 4 });
        }),
        TypeError,
      );
      await rejects(
        db.createDocs((docs) => docs.append(strange(zoo))),
        TypeError,
      );
      assert.match((await zoo.info()).rev, /^1-/);
    },
  },
  {
    name: "a member that the server has already may stay",
    async run({ db }) {
      await fill(db, { "_design/zoo": { keeper: { legs: 4 }, views: {} } });
      const zoo = await designDoc(db, "zoo", { existsOk: true });
      await zoo.createView("legs", { map });
      assert.deepInclude((await db.get("_design/zoo")).json, { keeper: { legs: 4 } });
    },
  },
  {
    name: "a view that could not be saved is not part of the design document",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      await zoo.createView("legs", { map });
      const stale = await designDoc(db, "zoo", { existsOk: true });
      await zoo.createView("tails", { map });
      await rejects(stale.createView("ears", { map }), ConflictError);
      await rejects(
        stale.createView("legs", { map: "function () {}", existsOk: true }),
        ConflictError,
      );
      assert.deepEqual(stale.data.views, { legs: { map } });
      assert.isFalse(stale.dirty);
      await stale.fetch();
      await stale.createView("ears", { map });
      // Also where there was none before.
      const twins = [await designDoc(db, "ark"), await designDoc(db, "ark")] as const;
      await twins[0].createView("legs", { map });
      await rejects(twins[1].createView("tails", { map }), ConflictError);
      await twins[1].fetch();
      assert.deepEqual(twins[1].data, twins[0].data);
      assert.hasAllKeys((await db.get("_design/zoo")).data.views, ["legs", "tails", "ears"]);
    },
  },
  {
    name: "a view that could not be is a TypeError, and nothing is sent",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      const bad = { map: undefined as unknown as string };
      await rejects(zoo.createView("legs", bad), TypeError);
      await rejects(zoo.createView("", { map }), TypeError);
      assert.deepEqual(zoo.data, { _id: "_design/zoo" });
      for (const name of ["", ".", "..", "_design/"]) await rejects(designDoc(db, name), TypeError);
    },
  },
  {
    name: "a name may be any, with or without _design/",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      for (const name of ["a/b", "ünï 漢字", "constructor", "__proto__"]) {
        const design = await designDoc(db, name);
        assert.equal(design.id, `_design/${name}`);
        const view = await design.createView<string, number>(name, { map });
        assert.deepEqual(await view.items().toArray(), [["cat", 4]]);
        const again = await designDoc(db, `_design/${name}`, { existsOk: true });
        assert.deepEqual(again.data, design.data);
        assert.deepEqual(await db.view(name, name).ids().toArray(), ["cat"]);
      }
    },
  },
  {
    name: "deploy writes what differs, and tells what it has done",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      const byLegs = defineView<string, number>("zoo", "by_legs", { map, reduce: "_sum" });
      const other = defineView("zoo", "other", { map });
      const rules = { _id: "_design/rules", validate_doc_update: "function () {}" };
      assert.deepEqual(await deploy(db, [byLegs, rules, other]), {
        created: ["_design/zoo", "_design/rules"],
        changed: [],
        unchanged: [],
      });
      assert.deepEqual(await db.view(byLegs).items({ reduce: false }).toArray(), [["cat", 4]]);
      const { rev } = await db.get("_design/zoo");
      assert.deepEqual((await deploy(db, [other, byLegs, rules])).unchanged.length, 2);
      assert.equal((await db.get("_design/zoo")).rev, rev);
      const ruled = await db.get("_design/rules");
      await ruled.attachment("a.txt").save("stays", "text/plain");
      const changed = { _id: "rules", filters: { all: "function () { return true; }" } };
      assert.deepEqual(await deploy(db, [byLegs, changed]), {
        created: [],
        changed: ["_design/zoo", "_design/rules"],
        unchanged: [],
      });
      const zoo = await db.get("_design/zoo");
      assert.hasAllKeys(zoo.data.views, ["by_legs"]);
      const { data } = await db.get("_design/rules");
      assert.notProperty(data, "validate_doc_update");
      assert.property(data._attachments, "a.txt");
    },
  },
  {
    name: "two that deploy the same at once are both content, and what cannot be is a TypeError",
    async run({ db }) {
      const views = ["a", "b"].map((name) => defineView("zoo", name, { map }));
      const told = await Promise.all([deploy(db, views), deploy(db, views), deploy(db, views)]);
      const [created, rest] = [
        told.flatMap((each) => each.created),
        told.flatMap((each) => each.unchanged),
      ];
      assert.deepEqual([created.length, rest.length], [1, 2]);
      await rejects(deploy(db, [defineView("zoo", "none")]), TypeError);
      await rejects(deploy(db, [{ _id: "zoo", strange: 4 } as never]), TypeError);
      await rejects(deploy(db, [{ _id: "" }]), TypeError);
    },
  },
  {
    name: "a filter is defined, and a feed takes it",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, owl: { legs: 2 } });
      const zoo = await designDoc(db, "zoo");
      const source = "function (doc, req) { return doc.legs === Number(req.query.legs); }";
      const filter = await zoo.createFilter("by_legs", source);
      assert.equal(filter, "zoo/by_legs");
      const found = [];
      for await (const { id } of db.changes({ filter, params: { legs: 2 } })) found.push(id);
      assert.deepEqual(found, ["owl"]);
      await rejects(zoo.createFilter("by_legs", source), ConflictError);
      await zoo.createFilter("by_legs", source.replace("===", "!=="), { existsOk: true });
      assert.match(String((await db.get("_design/zoo")).data.filters.by_legs), /!==/);
      await rejects(zoo.createFilter("none", undefined as unknown as string), TypeError);
    },
  },
  {
    name: "a feed takes the filter of a design document whose name has a slash or a plus",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 }, owl: { legs: 2 } });
      const source = "function (doc) { return doc.legs === 2; }";
      const filter = await (await designDoc(db, "a/b+c")).createFilter("d%2Fe", source);
      const found = [];
      for await (const { id } of db.changes({ filter })) found.push(id);
      assert.deepEqual(found, ["owl"]);
      const zoo = await designDoc(db, "zoo");
      await rejects(zoo.createFilter("d/e", source), TypeError);
    },
  },
  {
    name: "an update function makes and changes documents",
    needs: "update functions",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      zoo.data.updates = {
        walk: `function (doc, req) {
          if (!doc) doc = { _id: req.id || req.uuid, legs: 0 };
          doc.legs += Number(req.query.by || JSON.parse(req.body).by);
          return [doc, "on " + doc.legs + " legs"];
        }`,
      };
      await zoo.save();
      const made = await zoo.callUpdate("walk", { id: "a/cat", json: { by: 2 } });
      assert.equal(await made.text(), "on 2 legs");
      const rev = made.headers.get("x-couch-update-newrev");
      const cat = await db.get("a/cat");
      if (rev !== null) assert.equal(cat.rev, rev);
      await (await zoo.callUpdate("walk", { id: "a/cat", query: { by: 3 } })).body?.cancel();
      await cat.fetch();
      assert.equal(cat.data.legs, 5);
      const other = await zoo.callUpdate("walk", { query: { by: 1 } });
      assert.equal(await other.text(), "on 1 legs");
      assert.lengthOf(await db.keys().toArray(), 3);
      await rejects(zoo.callUpdate("none", { id: "cat" }), NotFoundError);
      await rejects(zoo.callUpdate("..", { id: "cat" }), TypeError);
    },
  },
  {
    name: "the indexes of a design document are told of",
    needs: "nodes",
    async run({ db }) {
      const zoo = await designDoc(db, "zoo");
      await rejects(zoo.indexInfo(), NotFoundError);
      await zoo.createView("legs", { map });
      const { name, view_index } = await zoo.indexInfo();
      assert.equal(name, "zoo");
      assert.equal(view_index.language, "javascript");
      await rejects(zoo.indexInfo({ search: "none" }), CouchDBError);
      await rejects(zoo.indexInfo({ nouveau: "none" }), CouchDBError);
    },
  },
  {
    name: "security keeps members of your own, and refuses what CouchDB would not say why",
    async run({ db }) {
      const rules = await security(db);
      rules.data.keeper = { since: 2026 };
      await rules.save();
      assert.isFalse(rules.dirty);
      assert.deepInclude((await security(db)).data, { keeper: { since: 2026 } });
      for (const bad of [
        { members: [] },
        { admins: { names: "cat" } },
        { admins: { roles: [4] } },
      ]) {
        const other = await security(db);
        Object.assign(other.data, bad);
        await rejects(other.save(), TypeError);
      }
      await rejects(() => rules.addAdmin(4 as unknown as string), TypeError);
      assert.deepEqual((await security(db)).data, rules.data);
    },
  },
];
