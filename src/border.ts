import { isPlain, ownMembers } from "./json-values.js";
import type { Scope } from "./scope.js";
import type { SchemaOptions, StandardSchema } from "./standard-schema.js";
import { type Batch, pulling, type Source } from "./streams/batch.js";
import type { Flight } from "./streams/flight.js";
import type { BulkGetRow, DocumentData } from "./types.js";
import { ValidationError } from "./validation-error.js";

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

/** What data was when a schema made it, to see later whether it has changed. */
const texts = /* @__PURE__ */ new WeakMap<object, string>();

/** The JSON of data as it was read: of what a schema made, as it was made. */
export function originalOf(
  { border, transport: { json } }: Scope,
  data: object,
  asItCame: () => unknown,
): () => unknown {
  const text = border && texts.get(data);
  return text === undefined ? asItCame : () => json.parse(text);
}

/**
 * A document that was read, as the schema makes it.
 *
 * @throws ValidationError for one that it does not let in
 */
export async function admitted<D extends DocumentData>(
  { border, transport: { json } }: Scope,
  data: D,
  flight: Flight,
): Promise<D> {
  if (!border || border.validate === "write" || isExempt(data)) return data;
  const made = await checked(border, data, flight);
  if (!isPlain(made)) throw new TypeError("What a schema makes of a document is a plain object");
  const whole = completed(data, made) as D;
  if (whole !== data) texts.set(whole, json.stringify(whole));
  return whole;
}

/**
 * Looks at documents that are to be written.
 *
 * @param bodies - their JSON
 * @throws ValidationError for the first that the schema does not let out
 */
export async function checkOut(
  { border, transport: { json } }: Scope,
  bodies: readonly string[],
  flight: Flight,
): Promise<void> {
  if (!border || border.validate === "read") return;
  for (const body of bodies) {
    const data = json.parse(body) as DocumentData;
    if (!isExempt(data)) await checked(border, data, flight);
  }
}

/** The rows of a source, with their documents as the schema makes them. */
export function admitting(
  scope: Scope,
  source: Source<Batch>,
  admitRow: AdmitRow,
  flight: Flight,
): Source<Batch> {
  const { border } = scope;
  if (!border || border.validate === "write") return source;
  const admit: Admit = async (data) => {
    try {
      return await admitted(scope, data, flight);
    } catch (error) {
      const answer = error instanceof ValidationError && border.onInvalid?.(error);
      if (answer === "pass") return data;
      if (answer === "skip") return undefined;
      throw error;
    }
  };
  return {
    next: pulling(admittedBatches(source, (row) => admitRow(row, admit))),
    get summary() {
      return source.summary;
    },
  };
}

async function* admittedBatches(
  source: Source<Batch>,
  admitRow: (row: unknown) => Promise<unknown>,
): AsyncGenerator<Batch, void, void> {
  for (let batch = await source.next(); batch; batch = await source.next()) {
    const left: Batch = { rows: [], texts: [] };
    try {
      for (const [index, row] of batch.rows.entries()) {
        const through = await admitRow(row);
        if (through === undefined) continue;
        left.rows.push(through);
        left.texts.push(batch.texts[index] as string);
      }
    } finally {
      // What one throws comes after those before it.
      if (left.rows.length > 0) yield left;
    }
  }
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
    const whole = leaf?.ok ? await admit(leaf.ok) : undefined;
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
async function checked({ schema }: Border, data: DocumentData, flight: Flight): Promise<object> {
  const said = schema["~standard"].validate(ownMembers(data));
  const result = said instanceof Promise ? await flight.race(said) : said;
  if (result.issues) throw new ValidationError(data, result.issues);
  return result.value;
}

/**
 * What a schema made of a value, and what it left away: nothing that others put into a document is lost when
 * it is saved. The value itself, if that is all that it did.
 */
function completed(value: unknown, made: unknown): unknown {
  if (isPart(made, value)) return value;
  if (!isPlain(value) || !isPlain(made)) return made;
  const others = Object.entries(made).map(([name, member]) => [
    name,
    Object.hasOwn(value, name) ? completed(value[name], member) : member,
  ]);
  return Object.fromEntries([...Object.entries(value), ...others]);
}

function isPart(part: unknown, whole: unknown): boolean {
  if (Object.is(part, whole)) return true;
  if (Array.isArray(part) && Array.isArray(whole)) {
    return part.length === whole.length && part.every((item, at) => isPart(item, whole[at]));
  }
  if (!isPlain(part) || !isPlain(whole)) return false;
  return Object.entries(part).every(
    ([name, member]) => Object.hasOwn(whole, name) && isPart(member, whole[name]),
  );
}
