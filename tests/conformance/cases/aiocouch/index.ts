import type { Case } from "../../case.js";
import { attachment } from "./attachment.js";
import { bulk } from "./bulk.js";
import { bulkOfDatabase } from "./bulk-of-database.js";
import { database } from "./database.js";
import { designs } from "./designs.js";
import { document } from "./document.js";
import { errors } from "./errors.js";
import { events } from "./events.js";
import { history } from "./history.js";
import { reading } from "./reading.js";
import { saving } from "./saving.js";
import { securityCases } from "./security.js";
import { session } from "./session.js";
import { views } from "./views.js";

/** What aiocouch promises, in its documents and by its tests, one promise a case. */
export const aiocouch: Record<string, Case[]> = {
  "aiocouch: CouchDB": session,
  "aiocouch: Database": [...database, ...reading],
  "aiocouch: Document": [...document, ...saving, ...history],
  "aiocouch: Attachment": attachment,
  "aiocouch: views": views,
  "aiocouch: bulk operations": [...bulk, ...bulkOfDatabase],
  "aiocouch: design documents": designs,
  "aiocouch: security": securityCases,
  "aiocouch: events": events,
  "aiocouch: errors": errors,
};
