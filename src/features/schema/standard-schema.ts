import { checkNames, checkType } from "../../shared/arguments.js";
import type { Abortable, Codec, DocumentSchema } from "../../shared/codec.js";
import { couchMembers, isPlain, ownMembers } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";
import type { DocumentData, Json } from "../../shared/types.js";
import { mergeBack } from "./merge-back.js";
import { validatedRows } from "./rows.js";
import type { Path } from "./stripped-fields.js";
import type { SchemaInput, SchemaOptions, SchemaOutput, StandardSchema } from "./types.js";
import { type SchemaIssue, ValidationError } from "./validation-error.js";

/**
 * Validate the documents of a database with a schema from zod, valibot, arktype or another library that
 * implements Standard Schema. The documents get the schema's type.
 *
 * ```ts
 * const Animal = z.object({ legs: z.number() });
 * const animals = couch.database("animals", { schema: standardSchema(Animal) });
 * ```
 *
 * The schema validates the members that do not begin with `_`, and `data` is its output. Design documents,
 * `_local` documents and deletions are not validated.
 *
 * Saving writes the document as it was read, with your changes: fields that the schema strips are preserved.
 * In a list, they are preserved with the items that are unchanged, wherever you move them. If you change an
 * item that has such fields, saving throws a ValidationError: see `onStripped`. The schema must accept its own
 * output as JSON.
 *
 * @throws TypeError if `schema` does not implement Standard Schema, or an option is invalid
 * @see https://standardschema.dev
 */
export function standardSchema<S extends StandardSchema<unknown, object>>(
  schema: S,
  options: SchemaOptions = {},
): DocumentSchema<SchemaOutput<S>, SchemaInput<S>> {
  const known = "validate onInvalid onStripped" as const;
  const {
    validate = "both",
    onInvalid,
    onStripped = "throw",
  } = checkNames("options", options, known);
  if (typeof Object(Object(schema)["~standard"]).validate !== "function")
    throw new TypeError(
      "`schema` must be a Standard Schema, such as one of zod, valibot or arktype",
    );
  if (!["read", "write", "both"].includes(validate))
    throw new TypeError('`validate` must be "read", "write" or "both"');
  if (onInvalid !== undefined) checkType("onInvalid", "function", onInvalid);
  if (!["throw", "drop"].includes(onStripped))
    throw new TypeError('`onStripped` must be "throw" or "drop"');
  const checked = { schema, validate, onInvalid, onStripped };
  return { toCodec: (json) => codecOf(checked, json as SureJson) };
}

/** The outputs of schemas, as JSON at the time of validation. */
const made = /* @__PURE__ */ new WeakMap<object, () => unknown>();

function codecOf(
  {
    schema,
    validate,
    onInvalid,
    onStripped,
  }: SchemaOptions & { schema: StandardSchema<unknown, object> },
  json: SureJson,
): Codec {
  const isReadAsItIs = (data: DocumentData) => validate === "write" || isExempt(data);

  const codec: Codec = {
    skips: onInvalid !== undefined,

    isValid: (data) => isReadAsItIs(data) || made.has(data),

    madeOf: (data) => made.get(data),

    mergeBack: (asRead, was, is) =>
      mergeBack(json, asRead, was, is, (path) => {
        if (onStripped !== "drop") throw strippedError(is as DocumentData, path);
      }),

    mergeInto(read, text, is) {
      const was = made.get(read);
      return was ? codec.mergeBack(json.parse(text), was(), is) : json.stringify(is);
    },

    isRejection: (error) => error instanceof ValidationError,

    async validateRead<D extends DocumentData>(data: D, operation: Abortable) {
      if (isReadAsItIs(data)) return data;
      const value = await outputOf(schema, data, operation);
      if (!isPlain(value)) throw new TypeError("the schema must return a plain object");
      const whole = { ...couchMembers(data), ...ownMembers(value) } as D;
      made.set(whole, snapshot(json, whole));
      return whole;
    },

    async validateWrite(bodies, operation) {
      if (validate === "read") return;
      for (const body of bodies) {
        const data = json.parse(body) as DocumentData;
        if (!isExempt(data)) await outputOf(schema, data, operation);
      }
    },

    validateOne: (data, operation) =>
      codec.validateRead(data, operation).catch(afterInvalid(onInvalid, data)),

    validateRows(source, kind, operation, skipped = () => undefined) {
      if (validate === "write") return source;
      const validateOne = (data: DocumentData) => codec.validateOne(data, operation);
      const abort = (error: unknown) => operation.abort(error);
      return validatedRows(source, kind, validateOne, skipped, abort);
    },
  };
  return codec;
}

function afterInvalid(onInvalid: SchemaOptions["onInvalid"], data: DocumentData) {
  return (error: unknown): DocumentData | undefined => {
    if (!(error instanceof ValidationError && onInvalid)) throw error;
    const decision = onInvalid(error);
    if (decision === "pass") return data;
    if (decision === "skip") return undefined;
    throw new TypeError('`onInvalid` must return "skip" or "pass", or throw', { cause: error });
  };
}

/** The error for stripped fields that saving data would lose. */
function strippedError(data: DocumentData, path: Path): ValidationError {
  const message = 'the schema strips this: pass `onStripped: "drop"` to drop it with the change';
  return new ValidationError(data, [{ message, path }], "cannot be saved");
}

/** Whether data is CouchDB's own document, a deletion, or not a document. */
function isExempt(data: DocumentData): boolean {
  const { _id, _deleted } = Object(data) as DocumentData;
  return typeof _id !== "string" || _id.startsWith("_") || _deleted === true;
}

/** Run the schema on a document. */
async function outputOf(
  schema: StandardSchema<unknown, object>,
  data: DocumentData,
  operation: Abortable,
): Promise<unknown> {
  const returned = schema["~standard"].validate(ownMembers(data)) as unknown;
  const isPromise = typeof Object(returned).then === "function";
  const result = isPromise ? await operation.race(returned as PromiseLike<unknown>) : returned;
  const { issues, value } = Object(result) as { issues?: readonly SchemaIssue[]; value?: unknown };
  if (issues) throw new ValidationError(data, issues);
  return value;
}

/** The JSON of data at this time. Reading it throws if the data cannot be saved. */
function snapshot(json: Json, data: DocumentData): () => unknown {
  try {
    const text = holdsUnwritable(data) ? undefined : json.stringify(data);
    if (text !== undefined) return () => json.parse(text);
  } catch {}
  return () => {
    const id = JSON.stringify(data._id);
    throw new TypeError(`the document ${id} must be JSON, but the schema returned other values`);
  };
}

/** Whether `JSON.stringify` would lose a value. */
function holdsUnwritable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Map || value instanceof Set) return true;
  return (Array.isArray(value) || isPlain(value)) && Object.values(value).some(holdsUnwritable);
}
