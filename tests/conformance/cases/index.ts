import type { Case } from "../case.js";
import { administration } from "./admin.js";
import { aiocouch } from "./aiocouch/index.js";
import { attachments } from "./attachments.js";
import { auth } from "./auth.js";
import { bulk } from "./bulk.js";
import { callCases } from "./calls.js";
import { changes } from "./changes.js";
import { designs } from "./designs.js";
import { documents } from "./documents.js";
import { errorCases } from "./errors.js";
import { everyday } from "./everyday.js";
import { exportCases } from "./exports.js";
import { fate } from "./fate.js";
import { feedStates } from "./feed-states.js";
import { feeds } from "./feeds.js";
import { hookCases } from "./hooks.js";
import { imports } from "./imports.js";
import { input } from "./input.js";
import { inspection } from "./inspection.js";
import { liveCases } from "./live.js";
import { lossless } from "./lossless.js";
import { network } from "./network.js";
import { options } from "./options.js";
import { pageCases } from "./pages.js";
import { queries } from "./queries.js";
import { readRowsCases } from "./read-rows.js";
import { reading } from "./reading.js";
import { related } from "./related.js";
import { replication } from "./replication.js";
import { requests } from "./requests.js";
import { ownRequests } from "./requests-own.js";
import { revisions } from "./revisions.js";
import { scans } from "./scans.js";
import { schemas } from "./schemas.js";
import { server } from "./server.js";
import { tanstackDbCases } from "./tanstack-db.js";
import { tasks } from "./tasks.js";
import { userCases } from "./users.js";

/** All that is promised, by what it is about. */
export const suites: Record<string, Case[]> = {
  input,
  options,
  server,
  documents,
  everyday,
  "calls on one object": callCases,
  revisions,
  scans,
  queries,
  pages: pageCases,
  reading,
  tasks,
  live: liveCases,
  "tanstack-db": tanstackDbCases,
  "read rows": readRowsCases,
  changes,
  feeds,
  "feed states": feedStates,
  bulk,
  lossless,
  attachments,
  related,
  designs,
  network,
  errors: errorCases,
  hooks: hookCases,
  inspection,
  auth,
  users: userCases,
  imports,
  exports: exportCases,
  fate,
  schemas,
  requests,
  "own requests": ownRequests,
  administration,
  replication,
  ...aiocouch,
};
