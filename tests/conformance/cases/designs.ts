import { assert } from "chai";
import { ConflictError, type DesignDocument } from "couchfetch";
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
      await rejects(strange(await db.designDoc("zoo")).save(), TypeError);
      const zoo = await db.designDoc("zoo");
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
      const zoo = await db.designDoc("zoo", { existsOk: true });
      await zoo.createView("legs", { map });
      assert.deepInclude((await db.get("_design/zoo")).json, { keeper: { legs: 4 } });
    },
  },
  {
    name: "a view that could not be saved is not part of the design document",
    async run({ db }) {
      const zoo = await db.designDoc("zoo");
      await zoo.createView("legs", { map });
      const stale = await db.designDoc("zoo", { existsOk: true });
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
      const twins = [await db.designDoc("ark"), await db.designDoc("ark")] as const;
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
      const zoo = await db.designDoc("zoo");
      const bad = { map: undefined as unknown as string };
      await rejects(zoo.createView("legs", bad), TypeError);
      await rejects(zoo.createView("", { map }), TypeError);
      assert.deepEqual(zoo.data, { _id: "_design/zoo" });
      for (const name of ["", ".", "..", "_design/"]) await rejects(db.designDoc(name), TypeError);
    },
  },
  {
    name: "a name may be any, with or without _design/",
    async run({ db }) {
      await fill(db, { cat: { legs: 4 } });
      for (const name of ["a/b", "ünï 漢字", "constructor", "__proto__"]) {
        const design = await db.designDoc(name);
        assert.equal(design.id, `_design/${name}`);
        const view = await design.createView<string, number>(name, { map });
        assert.deepEqual(await view.items().toArray(), [["cat", 4]]);
        const again = await db.designDoc(`_design/${name}`, { existsOk: true });
        assert.deepEqual(again.data, design.data);
        assert.deepEqual(await db.view(name, name).ids().toArray(), ["cat"]);
      }
    },
  },
  {
    name: "security keeps members of your own, and refuses what CouchDB would not say why",
    async run({ db }) {
      const security = await db.security();
      security.data.keeper = { since: 2026 };
      await security.save();
      assert.isFalse(security.dirty);
      assert.deepInclude((await db.security()).data, { keeper: { since: 2026 } });
      for (const bad of [
        { members: [] },
        { admins: { names: "cat" } },
        { admins: { roles: [4] } },
      ]) {
        const other = await db.security();
        Object.assign(other.data, bad);
        await rejects(other.save(), TypeError);
      }
      await rejects(() => security.addAdmin(4 as unknown as string), TypeError);
      assert.deepEqual((await db.security()).data, security.data);
    },
  },
];
