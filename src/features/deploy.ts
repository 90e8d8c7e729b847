import { Database } from "../client/database.js";
import type { DatabaseContext } from "../documents/database-context.js";
import { isMissing } from "../documents/missing.js";
import type { DefinedView, ViewDefinition } from "../queries/define-view.js";
import { checkOptions } from "../shared/arguments.js";
import { ConflictError } from "../shared/errors.js";
import { isLike, ownMembers } from "../shared/json-equal.js";
import type { OperationOptions } from "../shared/types.js";
import { type DesignData, DesignDocument } from "./design-document.js";

/** A design document to deploy, with its complete content. `_id` may omit `_design/`. */
export type Design = DesignData & { _id: string };

/** The ids of the deployed design documents. */
export interface Deployed {
  created: string[];
  changed: string[];
  /** Those that were up to date: nothing was written. */
  unchanged: string[];
}

/**
 * Deploy design documents: create or replace those that differ. Their attachments are kept, as are other
 * design documents.
 *
 * ```ts
 * await deploy(animals, [byType, { _id: "_design/rules", validate_doc_update }]);
 * ```
 *
 * @param designs - views declared by `defineView` with their source, and whole design documents
 * @throws TypeError if a view has no source, or a design document has a member that CouchDB does not support
 * @throws UnauthorizedError if the user is not an administrator of the database
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export async function deploy<T extends object, S extends object>(
  db: Database<T, S>,
  designs: readonly (Design | DefinedView)[],
  options: OperationOptions = {},
): Promise<Deployed> {
  checkOptions(options, "");
  const context = Database.contextOf(db);
  const deployed: Deployed = { created: [], changed: [], unchanged: [] };
  for (const [document, data] of gathered(context, designs)) {
    deployed[await make(context, document, data, options)].push(document.id);
  }
  return deployed;
}

/** Collect the parts of each design document. */
function gathered(
  context: DatabaseContext,
  parts: readonly (Design | DefinedView)[],
): [DesignDocument, DesignData][] {
  const all = new Map<string, [DesignDocument, DesignData]>();
  for (const part of parts) {
    const isView = "ddoc" in part;
    const document = new DesignDocument(context, isView ? part.ddoc : part._id);
    const [, data] = all.get(document.id) ?? [document, {}];
    if (isView) {
      if (part.source === undefined) {
        throw new TypeError(`the view ${JSON.stringify(part.name)} needs a \`source\` to deploy`);
      }
      addAll(data, { views: { [part.name]: part.source } });
    } else addAll(data, ownMembers(part));
    all.set(document.id, [document, { language: "javascript", ...data }]);
  }
  return [...all.values()];
}

/** Add members; members that are objects, such as `views`, are combined. */
function addAll(data: object, more: object): void {
  const members = data as Record<string, Record<string, ViewDefinition>>;
  for (const [name, value] of Object.entries(more)) {
    const known = Object.hasOwn(members, name) ? members[name] : undefined;
    const isTwice = known !== undefined && Object(value) === value;
    members[name] = isTwice ? { ...known, ...value } : value;
  }
}

async function make(
  context: DatabaseContext,
  document: DesignDocument,
  data: DesignData,
  limits: OperationOptions,
): Promise<keyof Deployed> {
  try {
    await document.fetch(limits);
  } catch (error) {
    if (!isMissing(error)) throw error;
    Object.assign(document.data, data);
    try {
      await document.save(limits);
      return "created";
    } catch (conflict) {
      // Another process has just deployed it, perhaps the same version.
      if (!(conflict instanceof ConflictError)) throw conflict;
    }
    await document.fetch({ ...limits, discardChanges: true });
  }
  if (isLike(context.client.json, data, ownMembers(document.data))) return "unchanged";
  await document.update(() => data, { ...limits, idempotent: true });
  return "changed";
}
