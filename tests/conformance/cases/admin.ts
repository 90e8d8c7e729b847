import { assert } from "chai";
import { CouchDB, designDoc, NotFoundError, purge, UnauthorizedError } from "couchfetch";
import { admin } from "couchfetch/admin";
import { type Case, eventually, fill, rejects } from "../case.js";

export const administration: Case[] = [
  {
    name: "the server tells how it is, what it does and what it has",
    async run({ couch, db }) {
      const server = admin(couch);
      assert.equal((await server.up()).status, "ok");
      const ids = await server.uuids(3);
      assert.lengthOf(new Set(ids), 3);
      assert.match((await server.uuids())[0] ?? "", /^[0-9a-f]{32}$/);
      assert.isArray(await server.activeTasks());
      const { all_nodes, cluster_nodes } = await server.membership();
      assert.includeMembers(all_nodes, cluster_nodes);
      const [info, missing] = await server.dbsInfo({ keys: [db.id, "not-there"] });
      assert.equal(info?.info?.db_name, db.id);
      assert.equal(missing?.error, "not_found");
      const listed = await server.dbsInfo({ startkey: db.id, limit: 1 });
      assert.deepEqual(
        listed.map(({ key }) => key),
        [db.id],
      );
    },
  },
  {
    name: "it is for administrators",
    async run({ url }) {
      const server = admin(new CouchDB(url));
      assert.equal((await server.up()).status, "ok");
      await rejects(server.activeTasks(), UnauthorizedError);
      await rejects(server.membership(), UnauthorizedError);
    },
  },
  {
    name: "a name that would lead elsewhere is a TypeError",
    async run({ couch }) {
      const server = admin(couch);
      await rejects(server.node().stats(".."), TypeError);
      await rejects(server.node().configValue("a", ""), TypeError);
      await rejects(server.resharding.job("."), TypeError);
      await rejects(() => server.node(".."), TypeError);
      await rejects(() => server.database("../a"), TypeError);
      await rejects(server.database("a").compact(".."), TypeError);
    },
  },
  {
    name: "a session that is closed sends nothing",
    async run({ url }) {
      const couch = new CouchDB(url);
      await couch.close();
      assert.equal((await rejects(admin(couch).up(), DOMException)).name, "AbortError");
    },
  },
  {
    name: "a node has a name, and a configuration that can be changed",
    async run({ couch }) {
      const server = admin(couch);
      const node = server.node();
      const name = await node.name();
      assert.include((await server.membership()).all_nodes, name);
      const named = server.node(name);
      const key = `key of ${crypto.randomUUID()}`;
      assert.equal(await named.setConfig("couch/fetch", key, "a %+ü"), "");
      assert.equal(await named.setConfig("couch/fetch", key, "b"), "a %+ü");
      assert.equal(await node.configValue("couch/fetch", key), "b");
      assert.equal((await node.configSection("couch/fetch"))[key], "b");
      assert.equal((await node.config())["couch/fetch"]?.[key], "b");
      assert.equal(await node.deleteConfig("couch/fetch", key), "b");
      await rejects(node.configValue("couch/fetch", key), NotFoundError);
      await rejects(node.deleteConfig("couch/fetch", key), NotFoundError);
      assert.deepEqual(await node.configSection("not there"), {});
      await rejects(node.setConfig("a", "b", 4 as unknown as string), TypeError);
      await node.reloadConfig();
    },
  },
  {
    name: "a node has versions, and counts, as JSON and for Prometheus",
    needs: "nodes",
    async run({ couch }) {
      const node = admin(couch).node();
      assert.isString((await node.versions()).erlang?.version);
      assert.property(await node.stats(), "couchdb");
      assert.property(await node.stats("couchdb/request_time"), "value");
      assert.isNumber((await node.system()).uptime);
      assert.match(await node.prometheus(), /^# TYPE couchdb_/m);
      assert.property((await node.smoosh()).channels, "ratio_dbs");
    },
  },
  {
    name: "a cluster says how far it is set up, and refuses a step that it has taken",
    needs: "nodes",
    async run({ couch }) {
      const server = admin(couch);
      assert.match((await server.clusterSetup()).state, /^(single_node|cluster)_/);
      const again = server.clusterSetup({
        action: "enable_single_node",
        singlenode: true,
      } as never);
      await rejects(again, Error);
    },
  },
  {
    name: "a database can be compacted, cleaned up and asked how much it remembers",
    async run({ couch, db }) {
      await fill(db, { cat: { legs: 4 } });
      const care = admin(couch).database(db.id);
      await care.compact();
      await care.viewCleanup();
      assert.isString((await care.ensureFullCommit()).instance_start_time);
      assert.equal(await care.revsLimit(), 1000);
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        await rejects(() => care.setRevsLimit(limit), RangeError);
      }
      await rejects(admin(couch).database("not-there").compact(), NotFoundError);
    },
  },
  {
    name: "the index of a design document can be compacted",
    async run({ couch, db }) {
      const care = admin(couch).database(db.id);
      await rejects(care.compact("zoo"), NotFoundError);
      await designDoc(db, "zoo").then((zoo) => zoo.createView("all", { map: "(doc) => emit(1)" }));
      await care.compact("zoo");
    },
  },
  {
    name: "a database can be told how much to remember of revisions and purges",
    needs: "nodes",
    async run({ couch, db }) {
      const care = admin(couch).database(db.id);
      await care.setRevsLimit(20);
      assert.equal(await care.revsLimit(), 20);
      assert.equal(await care.purgedInfosLimit(), 1000);
      await care.setPurgedInfosLimit(50);
      assert.equal(await care.purgedInfosLimit(), 50);
      const cat = await db.create("cat");
      await cat.save();
      await purge(db, { cat: [cat.rev ?? ""] });
      assert.deepEqual(
        (await care.purgedInfos()).map(({ id, revs }) => [id, revs]),
        [["cat", [cat.rev]]],
      );
      await care.nouveauCleanup();
    },
  },
  {
    name: "shards are told, evened out and split",
    needs: "nodes",
    async run({ couch, db }) {
      const server = admin(couch);
      const care = server.database(db.id);
      const before = await care.shards();
      assert.lengthOf(Object.keys(before), 2);
      const { range, nodes } = await care.shardOf("a cat");
      assert.deepEqual(before[range], nodes);
      await care.syncShards();

      const { resharding } = server;
      assert.equal((await resharding.state()).state, "running");
      const jobs = await resharding.start({ type: "split", db: db.id });
      assert.lengthOf(jobs, 2);
      for (const { id = "" } of jobs) {
        await eventually(async () => (await resharding.jobState(id)).state === "completed");
        assert.equal((await resharding.job(id)).target.length, 2);
      }
      assert.includeMembers(
        (await resharding.jobs()).map(({ id }) => id),
        jobs.map(({ id }) => id),
      );
      assert.isAtLeast((await resharding.summary()).completed, 2);
      assert.lengthOf(Object.keys(await care.shards()), 4);
      const [{ id = "" } = {}] = jobs;
      // What is done can be told to run, and is.
      await resharding.setJobState(id, "running");
      await resharding.setState("running", { state_reason: "as it was" });
      for (const job of jobs) await resharding.remove(job.id ?? "");
      await rejects(resharding.job(id), NotFoundError);
    },
  },
  {
    name: "search services that are not there are an error",
    needs: "nodes",
    async run({ couch, db }) {
      const server = admin(couch);
      await rejects(server.searchAnalyze("standard", "a cat"), Error);
      await rejects(server.nouveauAnalyze("standard", "a cat"), Error);
      await rejects(server.database(db.id).searchCleanup(), Error);
    },
  },
];
