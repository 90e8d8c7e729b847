import { Database } from "../client/database.js";
import { isMissing } from "../documents/create-or-fetch.js";
import type { DatabaseContext } from "../documents/database-context.js";
import type { DefinedView, ViewDefinition } from "../queries/define-view.js";
import { ConflictError } from "../shared/errors.js";
import { isLike, ownMembers } from "../shared/json-equal.js";
import type { OperationOptions } from "../shared/types.js";
import { type DesignData, DesignDocument } from "./design-document.js";

/** A design document as it is to be: its name, with or without `_design/`, and all that it has. */
export type Design = DesignData & { _id: string };

/** What became of the design documents, by their ids. */
export interface Deployed {
  created: string[];
  changed: string[];
  /** Those that were what they are to be: nothing was written. */
  unchanged: string[];
}

/**
 * Make the design documents of a database what the application needs: write those that differ. Attachments stay,
 * and so do other design documents.
 *
 * ```ts
 * await deploy(animals, [byType, { _id: "_design/rules", validate_doc_update }]);
 * ```
 *
 * @param designs - views made by `defineView` with their source, and whole design documents
 * @throws TypeError if a view has no source, or a design document a member that CouchDB does not know
 * @throws UnauthorizedError if the user is not an administrator of the database
 * @see https://docs.couchdb.org/en/stable/ddocs/ddocs.html
 */
export async function deploy<T extends object, S extends object>(
  db: Database<T, S>,
  designs: readonly (Design | DefinedView)[],
  options: OperationOptions = {},
): Promise<Deployed> {
  const context = Database.contextOf(db);
  const deployed: Deployed = { created: [], changed: [], unchanged: [] };
  for (const [document, data] of gathered(context, designs)) {
    deployed[await make(context, document, data, options)].push(document.id);
  }
  return deployed;
}

/** All that belongs to each design document, in one. */
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

/** Adds members; views and the like by their names. */
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
  { signal }: OperationOptions,
): Promise<keyof Deployed> {
  try {
    await document.fetch({ signal });
  } catch (error) {
    if (!isMissing(error)) throw error;
    Object.assign(document.data, data);
    try {
      await document.save({ signal });
      return "created";
    } catch (conflict) {
      // Somebody else deploys, perhaps the same.
      if (!(conflict instanceof ConflictError)) throw conflict;
    }
    await document.fetch({ discardChanges: true, signal });
  }
  if (isLike(context.client.json, data, ownMembers(document.data))) return "unchanged";
  await document.update(() => data, { signal });
  return "changed";
}
