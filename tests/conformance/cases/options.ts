import {
  type Attachment,
  type BulkOperation,
  basic,
  bulkGet,
  type ChangedEvent,
  CouchDB,
  type Database,
  type DesignDocument,
  type Document,
  dbUpdates,
  deleteDocs,
  deleteIndex,
  deleteIndexes,
  deploy,
  designDoc,
  explain,
  type Fetch,
  fetchAttachments,
  indexes,
  missingRevs,
  multiQuery,
  nouveau,
  openRevs,
  type Partition,
  page,
  partition,
  purge,
  readRows,
  resolveConflicts,
  revsDiff,
  type SecurityDocument,
  saveWithAttachments,
  search,
  security,
  type Users,
  users,
  type View,
} from "couchfetch";
import {
  admin,
  type DatabaseMaintenance,
  type Replication,
  type Replicator,
  type Resharding,
  type Server,
  type ServerNode,
} from "couchfetch/admin";
import { exportDocs, importDocs } from "couchfetch/transfer";
import { type Case, type Context, fill } from "../case.js";

/** The objects whose methods take options. */
interface Objects {
  couch: CouchDB;
  db: Database;
  doc: Document;
  view: View;
  attachment: Attachment;
  bulk: BulkOperation;
  change: ChangedEvent;
  design: DesignDocument;
  part: Partition;
  roles: SecurityDocument;
  people: Users;
  server: Server;
  node: ServerNode;
  maintenance: DatabaseMaintenance;
  replicator: Replicator;
  replication: Replication;
  resharding: Resharding;
}

type Call = (objects: Objects, options: never) => unknown;

/**
 * Each method and function whose last parameter is its options, by its name and its number of parameters. A
 * unit test compares this list with the exported types.
 */
export const calls: Record<string, Call> = {
  "Attachment.delete 1": ({ attachment }, o) => attachment.delete(o),
  "Attachment.exists 1": ({ attachment }, o) => attachment.exists(o),
  "Attachment.fetch 1": ({ attachment }, o) => attachment.fetch(o),
  "Attachment.info 1": ({ attachment }, o) => attachment.info(o),
  "Attachment.save 3": ({ attachment }, o) => attachment.save("a", "text/plain", o),
  "BulkOperation.save 1": ({ bulk }, o) => bulk.save(o),
  "ChangedEvent.doc 1": ({ change }, o) => change.doc(o),
  "CouchDB.checkCredentials 1": ({ couch }, o) => couch.checkCredentials(o),
  "CouchDB.create 2": ({ couch }, o) => couch.create("animals", o),
  "CouchDB.delete 2": ({ couch }, o) => couch.delete("animals", o),
  "CouchDB.get 2": ({ couch }, o) => couch.get("animals", o),
  "CouchDB.info 1": ({ couch }, o) => couch.info(o),
  "CouchDB.keys 1": ({ couch }, o) => couch.keys(o),
  "CouchDB.request 2": ({ couch }, o) => couch.request("_up", o),
  "Database.changes 1": ({ db }, o) => db.changes(o),
  "Database.create 3": ({ db }, o) => db.create("cat", {}, o),
  "Database.createDocs 2": ({ db }, o) => db.createDocs(() => {}, o),
  "Database.createDocs 3": ({ db }, o) => db.createDocs(["cat"], () => {}, o),
  "Database.delete 1": ({ db }, o) => db.delete(o),
  "Database.exists 2": ({ db }, o) => db.exists("cat", o),
  "Database.get 2": ({ db }, o) => db.get("cat", o),
  "Database.index 2": ({ db }, o) => db.index({ fields: ["legs"] }, o),
  "Database.info 1": ({ db }, o) => db.info(o),
  "Database.updateDocs 3": ({ db }, o) => db.updateDocs(["cat"], () => {}, o),
  "Database.upsert 3": ({ db }, o) => db.upsert("cat", () => {}, o),
  "DatabaseMaintenance.compact 2": ({ maintenance }, o) => maintenance.compact("zoo", o),
  "DatabaseMaintenance.ensureFullCommit 1": ({ maintenance }, o) => maintenance.ensureFullCommit(o),
  "DatabaseMaintenance.nouveauCleanup 1": ({ maintenance }, o) => maintenance.nouveauCleanup(o),
  "DatabaseMaintenance.purgedInfos 1": ({ maintenance }, o) => maintenance.purgedInfos(o),
  "DatabaseMaintenance.purgedInfosLimit 1": ({ maintenance }, o) => maintenance.purgedInfosLimit(o),
  "DatabaseMaintenance.revsLimit 1": ({ maintenance }, o) => maintenance.revsLimit(o),
  "DatabaseMaintenance.searchCleanup 1": ({ maintenance }, o) => maintenance.searchCleanup(o),
  "DatabaseMaintenance.setPurgedInfosLimit 2": ({ maintenance }, o) =>
    maintenance.setPurgedInfosLimit(9, o),
  "DatabaseMaintenance.setRevsLimit 2": ({ maintenance }, o) => maintenance.setRevsLimit(9, o),
  "DatabaseMaintenance.shardOf 2": ({ maintenance }, o) => maintenance.shardOf("cat", o),
  "DatabaseMaintenance.shards 1": ({ maintenance }, o) => maintenance.shards(o),
  "DatabaseMaintenance.syncShards 1": ({ maintenance }, o) => maintenance.syncShards(o),
  "DatabaseMaintenance.viewCleanup 1": ({ maintenance }, o) => maintenance.viewCleanup(o),
  "DesignDocument.callUpdate 2": ({ design }, o) => design.callUpdate("touch", o),
  "DesignDocument.createFilter 3": ({ design }, o) => design.createFilter("a", "function", o),
  "DesignDocument.createView 2": ({ design }, o) => design.createView("a", o),
  "DesignDocument.indexInfo 1": ({ design }, o) => design.indexInfo(o),
  "Document.conflicts 1": ({ doc }, o) => doc.conflicts(o),
  "Document.copy 2": ({ doc }, o) => doc.copy("dog", o),
  "Document.delete 1": ({ doc }, o) => doc.delete(o),
  "Document.fetch 1": ({ doc }, o) => doc.fetch(o),
  "Document.info 1": ({ doc }, o) => doc.info(o),
  "Document.revs 1": ({ doc }, o) => doc.revs(o),
  "Document.save 1": ({ doc }, o) => doc.save(o),
  "Document.update 2": ({ doc }, o) => doc.update(() => {}, o),
  "DocumentQueries.docs 1": ({ db }, o) => db.docs(o),
  "DocumentQueries.find 2": ({ db }, o) => db.find({}, o),
  "DocumentQueries.keys 1": ({ db }, o) => db.keys(o),
  "DocumentQueries.query 2": ({ db }, o) => db.query({}, o),
  "DocumentQueries.values 1": ({ db }, o) => db.values(o),
  "Partition.info 1": ({ part }, o) => part.info(o),
  "Replication.cancel 1": ({ replication }, o) => replication.cancel(o),
  "Replication.state 1": ({ replication }, o) => replication.state(o),
  "Replication.states 1": ({ replication }, o) => replication.states(o).next(),
  "Replicator.create 3": ({ replicator }, o) => replicator.create("a", "b", o),
  "Replicator.states 1": ({ replicator }, o) => replicator.states(o),
  "Resharding.job 2": ({ resharding }, o) => resharding.job("a", o),
  "Resharding.jobState 2": ({ resharding }, o) => resharding.jobState("a", o),
  "Resharding.jobs 1": ({ resharding }, o) => resharding.jobs(o),
  "Resharding.remove 2": ({ resharding }, o) => resharding.remove("a", o),
  "Resharding.setJobState 3": ({ resharding }, o) => resharding.setJobState("a", "stopped", o),
  "Resharding.setState 2": ({ resharding }, o) => resharding.setState("stopped", o),
  "Resharding.start 2": ({ resharding }, o) => resharding.start({ type: "split", db: "a" }, o),
  "Resharding.state 1": ({ resharding }, o) => resharding.state(o),
  "Resharding.summary 1": ({ resharding }, o) => resharding.summary(o),
  "SecurityDocument.save 1": ({ roles }, o) => roles.save(o),
  "Server.activeTasks 1": ({ server }, o) => server.activeTasks(o),
  "Server.clusterSetup 1": ({ server }, o) => server.clusterSetup(o),
  "Server.clusterSetup 2": ({ server }, o) => server.clusterSetup({ action: "finish_cluster" }, o),
  "Server.dbsInfo 1": ({ server }, o) => server.dbsInfo(o),
  "Server.membership 1": ({ server }, o) => server.membership(o),
  "Server.nouveauAnalyze 3": ({ server }, o) => server.nouveauAnalyze("standard", "a", o),
  "Server.replicate 3": ({ server }, o) => server.replicate("a", "b", o),
  "Server.replicationJobs 1": ({ server }, o) => server.replicationJobs(o),
  "Server.replications 1": ({ server }, o) => server.replications(o),
  "Server.searchAnalyze 3": ({ server }, o) => server.searchAnalyze("standard", "a", o),
  "Server.up 1": ({ server }, o) => server.up(o),
  "Server.uuids 2": ({ server }, o) => server.uuids(1, o),
  "ServerNode.config 1": ({ node }, o) => node.config(o),
  "ServerNode.configSection 2": ({ node }, o) => node.configSection("log", o),
  "ServerNode.configValue 3": ({ node }, o) => node.configValue("log", "level", o),
  "ServerNode.deleteConfig 3": ({ node }, o) => node.deleteConfig("log", "level", o),
  "ServerNode.name 1": ({ node }, o) => node.name(o),
  "ServerNode.prometheus 1": ({ node }, o) => node.prometheus(o),
  "ServerNode.reloadConfig 1": ({ node }, o) => node.reloadConfig(o),
  "ServerNode.restart 1": ({ node }, o) => node.restart(o),
  "ServerNode.setConfig 4": ({ node }, o) => node.setConfig("log", "level", "info", o),
  "ServerNode.smoosh 1": ({ node }, o) => node.smoosh(o),
  "ServerNode.stats 2": ({ node }, o) => node.stats("", o),
  "ServerNode.system 1": ({ node }, o) => node.system(o),
  "ServerNode.versions 1": ({ node }, o) => node.versions(o),
  "Users.create 3": ({ people }, o) => people.create("ann", "secret", o),
  "Users.delete 2": ({ people }, o) => people.delete("ann", o),
  "Users.get 2": ({ people }, o) => people.get("ann", o),
  "Users.setPassword 3": ({ people }, o) => people.setPassword("ann", "secret", o),
  "Users.setRoles 3": ({ people }, o) => people.setRoles("ann", [], o),
  "View.docs 1": ({ view }, o) => view.docs(o),
  "View.get 1": ({ view }, o) => view.get(o),
  "View.ids 1": ({ view }, o) => view.ids(o),
  "View.items 1": ({ view }, o) => view.items(o),
  "View.keys 1": ({ view }, o) => view.keys(o),
  "View.rows 1": ({ view }, o) => view.rows(o),
  "View.values 1": ({ view }, o) => view.values(o),
  "bulkGet 3": ({ db }, o) => bulkGet(db, [{ id: "cat" }], o),
  "dbUpdates 2": ({ couch }, o) => dbUpdates(couch, o),
  "deleteDocs 3": ({ db }, o) => deleteDocs(db, ["cat"], o),
  "deleteIndex 4": ({ db }, o) => deleteIndex(db, "zoo", "a", o),
  "deleteIndexes 3": ({ db }, o) => deleteIndexes(db, ["zoo"], o),
  "deploy 3": ({ db }, o) => deploy(db, [], o),
  "designDoc 3": ({ db }, o) => designDoc(db, "zoo", o),
  "explain 3": ({ db }, o) => explain(db, {}, o),
  "exportDocs 2": ({ db }, o) => exportDocs(db, o),
  "fetchAttachments 2": ({ doc }, o) => fetchAttachments(doc, o).next(),
  "importDocs 3": ({ db }, o) => importDocs(db, [{ _id: "dog" }], o),
  "indexes 2": ({ db }, o) => indexes(db, o),
  "missingRevs 3": ({ db }, o) => missingRevs(db, { cat: ["1-a"] }, o),
  "page 2": ({ view }, o) => page(view, o),
  "multiQuery 3": ({ view }, o) => multiQuery(view, [{}], o),
  "nouveau 5": ({ db }, o) => nouveau(db, "zoo", "a", "b", o),
  "openRevs 3": ({ doc }, o) => openRevs(doc, "all", o),
  "purge 3": ({ db }, o) => purge(db, { cat: ["1-a"] }, o),
  "readRows 3": ({ db }, o) => readRows(db, "_all_docs", o),
  "resolveConflicts 3": ({ doc }, o) => resolveConflicts(doc, () => undefined, o),
  "revsDiff 3": ({ db }, o) => revsDiff(db, { cat: ["1-a"] }, o),
  "saveWithAttachments 3": ({ doc }, o) => saveWithAttachments(doc, { a: new Blob(["b"]) }, o),
  "search 5": ({ db }, o) => search(db, "zoo", "a", "b", o),
  "security 2": ({ db }, o) => security(db, o),
};

/** The objects of a session that counts its requests. */
async function open({ url, user, password, db: { id } }: Context) {
  const sent: string[] = [];
  const fetch: Fetch = async (request, init) => {
    sent.push(`${request.method} ${request.url}`);
    return globalThis.fetch(request, init);
  };
  const couch = new CouchDB(url, { auth: basic(user, password), fetch });
  const db = couch.database(id);
  await fill(db, { cat: { legs: 4 } });
  const doc = await db.get("cat");
  const design = await designDoc(db, "zoo");
  let change: unknown;
  for await (const event of db.changes()) change = event;
  const server = admin(couch);
  const replicator = server.replicator();
  const objects: Objects = {
    couch,
    db,
    doc,
    view: db.allDocs as unknown as View,
    attachment: doc.attachment("photo"),
    bulk: await db.createDocs(() => {}),
    change: change as ChangedEvent,
    design,
    part: partition(db, "bird"),
    roles: await security(db),
    people: users(couch),
    server,
    node: server.node(),
    maintenance: server.database(id),
    replicator,
    replication: replicator.get("a"),
    resharding: server.resharding,
  };
  doc.data.legs = 5;
  return { objects, sent };
}

/** How a call fails to refuse these options, if it does. */
async function acceptance(
  [name, call]: [string, Call],
  { objects, sent }: Awaited<ReturnType<typeof open>>,
  options: unknown,
  message: RegExp,
): Promise<string[]> {
  sent.length = 0;
  const what = `${name} with ${JSON.stringify(options) ?? typeof options}`;
  try {
    const result = await call(objects, options as never);
    const isRows = typeof Object(result).toArray === "function";
    if (isRows) await (result as { toArray(): Promise<unknown> }).toArray();
    return [`${what} is accepted`];
  } catch (error) {
    if (sent.length > 0) return [`${what} sends ${sent[0]}`];
    const isRefused = error instanceof TypeError && message.test(error.message);
    return isRefused ? [] : [`${what} rejects with ${error}`];
  }
}

export const options: Case[] = [
  {
    name: "anything but the options in their place is a TypeError, and nothing is sent",
    async run(context) {
      const opened = await open(context);
      const { doc } = opened.objects;
      const wrong = ["cat", 5, true, null, ["cat"], () => {}, doc, new Map(), new Date()];
      const accepted: string[] = [];
      for (const call of Object.entries(calls)) {
        for (const value of wrong)
          accepted.push(...(await acceptance(call, opened, value, /must be a plain object/)));
      }
      if (accepted.length > 0) throw new Error(accepted.join("\n"));
    },
  },
  {
    name: "an option that does not exist is a TypeError which names it, and nothing is sent",
    async run(context) {
      const opened = await open(context);
      const accepted: string[] = [];
      const message = /^unknown option `sgnal`: did you mean `signal`\?$/;
      for (const call of Object.entries(calls))
        accepted.push(...(await acceptance(call, opened, { sgnal: 1 }, message)));
      if (accepted.length > 0) throw new Error(accepted.join("\n"));
    },
  },
];
