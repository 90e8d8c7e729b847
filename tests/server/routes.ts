import { deleteAttachment, getAttachment, putAttachment } from "./attachments.js";
import { bulkDocs, bulkGet, missingRevs, revsDiff } from "./bulk.js";
import { changes } from "./changes.js";
import {
  allDatabases,
  allInfos,
  compact,
  compactView,
  createDatabase,
  databaseInfo,
  deleteDatabase,
  ensureFullCommit,
  getRevsLimit,
  getSecurity,
  putSecurity,
  someInfos,
} from "./databases.js";
import {
  copyDocument,
  copyLocal,
  deleteDocument,
  getDocument,
  postDocument,
  postForm,
  putDocument,
} from "./documents.js";
import { find } from "./find.js";
import { createIndex, deleteIndex, deleteIndexes, getIndexes, noIndex } from "./index-routes.js";
import { deleteLocal, getLocal, noLocal, putLocal } from "./local.js";
import { activeTasks, membership, up, uuids, welcome } from "./meta.js";
import {
  deleteValue,
  getConfig,
  getSection,
  getValue,
  nodeName,
  noNode,
  nothing,
  putValue,
  reloadConfig,
} from "./node.js";
import { purge } from "./purge.js";
import { forAdmin, inDatabase, inListing, type Methods, type Route } from "./routing.js";
import { closeSession, openSession, whoAmI } from "./session.js";
import { updates } from "./updates.js";
import { allDocs, allDocsQueries, designDocs, localDocs, view, viewQueries } from "./views.js";

const document: Methods = {
  DELETE: inDatabase(deleteDocument),
  GET: inDatabase(getDocument),
  HEAD: inDatabase(getDocument),
  POST: inDatabase(postForm),
  PUT: inDatabase(putDocument),
  COPY: inDatabase(copyDocument),
};

const attachment: Methods = {
  DELETE: inDatabase(deleteAttachment),
  GET: inDatabase(getAttachment),
  HEAD: inDatabase(getAttachment),
  PUT: inDatabase(putAttachment),
};

const local: Methods = {
  DELETE: inDatabase(deleteLocal),
  GET: inDatabase(getLocal),
  HEAD: inDatabase(getLocal),
  POST: inDatabase(postForm),
  PUT: inDatabase(putLocal),
  COPY: inDatabase(copyLocal),
};

const none = inDatabase(noLocal);
const notLocal: Methods = {
  DELETE: none,
  GET: none,
  HEAD: none,
  POST: none,
  PUT: none,
  COPY: none,
};

/** Every request that the server knows. The first pattern that fits counts. */
export const routes: Route[] = [
  ["/", { GET: welcome, HEAD: welcome }],
  ["/_up", { GET: up, HEAD: up }],
  ["/_uuids", { GET: uuids }],
  ["/_session", { GET: whoAmI, HEAD: whoAmI, POST: openSession, DELETE: closeSession }],
  ["/_all_dbs", { GET: forAdmin(allDatabases), HEAD: forAdmin(allDatabases) }],
  ["/_db_updates", { GET: forAdmin(updates), HEAD: forAdmin(updates) }],
  ["/_dbs_info", { GET: forAdmin(allInfos), POST: forAdmin(someInfos) }],
  ["/_active_tasks", { GET: forAdmin(activeTasks) }],
  ["/_membership", { GET: forAdmin(membership) }],
  ["/_node", { GET: forAdmin(noNode) }],
  ["/_node/:node", { GET: forAdmin(nodeName) }],
  ["/_node/:node/_config", { GET: forAdmin(getConfig) }],
  ["/_node/:node/_config/_reload", { POST: forAdmin(reloadConfig) }],
  ["/_node/:node/_config/:section", { GET: forAdmin(getSection) }],
  [
    "/_node/:node/_config/:section/:key",
    { GET: forAdmin(getValue), PUT: forAdmin(putValue), DELETE: forAdmin(deleteValue) },
  ],
  ["/_node/*rest", { GET: forAdmin(nothing), PUT: forAdmin(nothing), POST: forAdmin(nothing) }],

  [
    "/:db",
    {
      DELETE: deleteDatabase,
      GET: inDatabase(databaseInfo),
      HEAD: inDatabase(databaseInfo),
      POST: inDatabase(postDocument),
      PUT: createDatabase,
    },
  ],
  ["/:db/_security", { PUT: inDatabase(putSecurity), GET: inDatabase(getSecurity) }],
  ["/:db/_revs_limit", { GET: inDatabase(getRevsLimit) }],
  ["/:db/_compact", { POST: inDatabase(compact) }],
  ["/:db/_compact/:ddoc", { POST: inDatabase(compactView) }],
  ["/:db/_view_cleanup", { POST: inDatabase(compact) }],
  ["/:db/_ensure_full_commit", { POST: inDatabase(ensureFullCommit) }],

  ["/:db/_bulk_docs", { POST: inDatabase(bulkDocs) }],
  ["/:db/_bulk_get", { POST: inDatabase(bulkGet) }],
  ["/:db/_purge", { POST: forAdmin(inDatabase(purge)) }],
  ["/:db/_revs_diff", { POST: inDatabase(revsDiff) }],
  ["/:db/_missing_revs", { POST: inDatabase(missingRevs) }],

  [
    "/:db/_all_docs",
    { GET: inListing(allDocs), HEAD: inListing(allDocs), POST: inListing(allDocs) },
  ],
  ["/:db/_all_docs/queries", { POST: inDatabase(allDocsQueries) }],
  ["/:db/_design_docs", { GET: inDatabase(designDocs), POST: inDatabase(designDocs) }],
  ["/:db/_local_docs", { GET: inDatabase(localDocs) }],
  [
    "/:db/_design/:ddoc/_view/:view",
    { GET: inDatabase(view), POST: inDatabase(view), HEAD: inDatabase(view) },
  ],
  ["/:db/_design/:ddoc/_view/:view/queries", { POST: inDatabase(viewQueries) }],

  ["/:db/_find", { POST: inDatabase(find) }],
  ["/:db/_index", { GET: inDatabase(getIndexes), POST: inDatabase(createIndex) }],
  ["/:db/_index/_bulk_delete", { POST: inDatabase(deleteIndexes) }],
  ["/:db/_index/:ddoc/json/:name", { DELETE: inDatabase(deleteIndex) }],
  ["/:db/_index/_design/:ddoc/json/:name", { DELETE: inDatabase(deleteIndex) }],
  [
    "/:db/_index/*rest",
    { DELETE: inDatabase(noIndex), GET: inDatabase(noIndex), HEAD: inDatabase(noIndex) },
  ],

  [
    "/:db/_changes",
    { GET: inListing(changes), POST: inListing(changes), HEAD: inListing(changes) },
  ],

  ["/:db/_local/:name", local],
  ["/:db/_local/:name/*rest", notLocal],
  ["/:db/_local", notLocal],
  ["/:db/_design/:ddoc", document],
  ["/:db/_design/:ddoc/*name", attachment],
  ["/:db/:id", document],
  ["/:db/:id/*name", attachment],
];
