import type { DatabaseContext } from "../../documents/database-context.js";
import type { SureJson } from "../../http/request.js";
import { couchMembers, isPlain, ownMembers } from "../../shared/json-equal.js";
import type { BulkGetRow, DocumentData } from "../../shared/types.js";
import { type Batch, pullFrom, type Source } from "../../streams/batch.js";
import type { Operation } from "../../streams/operation.js";
import type { SchemaIssue, SchemaOptions, StandardSchema } from "./standard-schema.js";
import { ValidationError } from "./validation-error.js";

// Milliseconds that a row waits for those after it.
const patience = 20;

/** How a database's documents are checked on their way in and out. */
export type Border = SchemaOptions<StandardSchema<unknown, object>>;

/** Lets a document that was read in: as it is, or as the schema makes it; undefined if it is left out. */
type Admit = (data: DocumentData) => Promise<DocumentData | undefined>;

/** Lets a row in, with the documents that it has. */
export type AdmitRow = (row: unknown, admit: Admit) => Promise<unknown>;

/** @throws TypeError for what is no schema, and for answers that there are not */
export function checkBorder({ schema, validate = "both", onInvalid }: Border): void {
  if (typeof Object(Object(schema)["~standard"]).validate !== "function") {
    throw new TypeError(
      "A schema is a Standard Schema: zod's, valibot's or arktype's, for example",
    );
  }
  if (!["read", "write", "both"].includes(validate)) {
    throw new TypeError('validate is "read", "write" or "both"');
  }
  if (onInvalid !== undefined && typeof onInvalid !== "function") {
    throw new TypeError("onInvalid is a function");
  }
}

/** What schemas have made, and what that was then, as JSON. */
const made = /* @__PURE__ */ new WeakMap<object, () => unknown>();

/** Whether a schema has let data in, or there is none that would look at it. */
export function isAdmitted({ border }: DatabaseContext, data: DocumentData): boolean {
  return !border || border.validate === "write" || isExempt(data) || made.has(data);
}

/** What data was when it was read: as a schema made it, or as it came. */
export function asRead(
  { border }: DatabaseContext,
  data: object,
  asItCame: () => unknown,
): () => unknown {
  return (border && made.get(data)) ?? asItCame;
}

/**
 * A document that was read, as the schema makes it.
 *
 * @throws ValidationError for one that it does not let in
 */
export async function admitted<D extends DocumentData>(
  context: DatabaseContext,
  data: D,
  operation: Operation,
): Promise<D> {
  const { border } = context;
  if (!border || border.validate === "write" || isExempt(data)) return data;
  const { value } = await checked(border, data, operation);
  if (!isPlain(value)) throw new TypeError("What a schema makes of a document is a plain object");
  const whole = { ...couchMembers(data), ...ownMembers(value) } as D;
  made.set(whole, snapshot(context.client.json, whole));
  return whole;
}

/**
 * Looks at documents that are to be written.
 *
 * @param bodies - their JSON
 * @throws ValidationError for the first that the schema does not let out
 */
export async function checkOut(
  { border, client: { json } }: DatabaseContext,
  bodies: readonly string[],
  operation: Operation,
): Promise<void> {
  if (!border || border.validate === "read") return;
  for (const body of bodies) {
    const data = json.parse(body) as DocumentData;
    if (!isExempt(data)) await checked(border, data, operation);
  }
}

/**
 * The rows of a source, with their documents as the schema makes them.
 *
 * @param skipped - makes a row of one that is left out, for those who keep their place among all
 */
export function admitting(
  context: DatabaseContext,
  source: Source<Batch>,
  admitRow: AdmitRow,
  operation: Operation,
  skipped: (row: unknown) => unknown = () => undefined,
): Source<Batch> {
  const { border } = context;
  if (!border || border.validate === "write") return source;
  const admit: Admit = async (data) => {
    try {
      return await admitted(context, data, operation);
    } catch (error) {
      if (!(error instanceof ValidationError && border.onInvalid)) throw error;
      const answer = border.onInvalid(error);
      if (answer === "pass") return data;
      if (answer === "skip") return undefined;
      throw new TypeError('onInvalid answers "skip" or "pass", or throws', { cause: error });
    }
  };
  return {
    next: pullFrom(
      admittedBatches(
        source,
        async (row) => (await admitRow(row, admit)) ?? skipped(row),
        operation,
      ),
    ),
    get summary() {
      return source.summary;
    },
  };
}

async function* admittedBatches(
  source: Source<Batch>,
  admitRow: (row: unknown) => Promise<unknown>,
  operation: Operation,
): AsyncGenerator<Batch, void, void> {
  let ready: Batch = { rows: [], texts: [] };
  for (let batch = await source.next(); batch; batch = await source.next()) {
    let late = afterPatience();
    try {
      for (const [index, row] of batch.rows.entries()) {
        const admitted = admitRow(row);
        const isHere = await Promise.race([admitted.then(isSo, isSo), late]);
        if (!isHere) {
          // Who takes his time does not keep back what is there already.
          if (ready.rows.length > 0) yield ready;
          ready = { rows: [], texts: [] };
          late = afterPatience();
        }
        const through = await admitted;
        if (through === undefined) continue;
        ready.rows.push(through);
        ready.texts.push(batch.texts[index] as string);
      }
    } catch (error) {
      // After those before it.
      if (ready.rows.length > 0) yield ready;
      // Whatever the schema met is no fault of this connection.
      operation.abort(error);
      throw error;
    }
    if (ready.rows.length > 0) yield ready;
    ready = { rows: [], texts: [] };
  }
}

const isSo = () => true;

function afterPatience(): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, patience, false));
}

/** A row that is a document. */
export const admitWhole: AdmitRow = (row, admit) => admit(row as DocumentData);

/** A row with a document beside other things: of a view, of changes, of a search. */
export const admitDoc: AdmitRow = async (row, admit) => {
  const { doc } = Object(row) as { doc?: DocumentData };
  if (!doc) return row;
  const whole = await admit(doc);
  return whole && Object.assign(row as object, { doc: whole });
};

/** A row with several revisions of a document. */
export const admitLeaves: AdmitRow = async (row, admit) => {
  const { docs } = Object(row) as BulkGetRow;
  if (!Array.isArray(docs)) return row;
  const left: BulkGetRow["docs"] = [];
  for (const leaf of docs) {
    const whole = leaf?.ok && (await admit(leaf.ok));
    if (whole) left.push({ ok: whole });
    else if (!leaf?.ok) left.push(leaf);
  }
  return Object.assign(row as object, { docs: left });
};

/** What the application has no say in; and what is no document at all, which others will say. */
function isExempt(data: DocumentData): boolean {
  const { _id, _deleted } = Object(data) as DocumentData;
  return typeof _id !== "string" || _id.startsWith("_") || _deleted === true;
}

/** What a schema makes of a document. */
async function checked({ schema }: Border, data: DocumentData, operation: Operation) {
  const said = schema["~standard"].validate(ownMembers(data)) as unknown;
  const isLater = typeof Object(said).then === "function";
  const result = isLater ? await operation.race(said as PromiseLike<unknown>) : said;
  const { issues, value } = Object(result) as { issues?: readonly SchemaIssue[]; value?: unknown };
  if (issues) throw new ValidationError(data, issues);
  return { value };
}

/** What data is now, as JSON; to be asked for only where it is to be saved. */
function snapshot(json: SureJson, data: object): () => unknown {
  try {
    const text = holdsUnwritable(data) ? undefined : json.stringify(data);
    if (text !== undefined) return () => json.parse(text);
  } catch {}
  return () => {
    throw new TypeError("What the schema makes of this document is not JSON's: it cannot be saved");
  };
}

/** What JSON writes, but as nothing. */
function holdsUnwritable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Map || value instanceof Set) return true;
  return (Array.isArray(value) || isPlain(value)) && Object.values(value).some(holdsUnwritable);
}
