import type { Abortable, Codec, DocumentSchema } from "../../shared/codec.js";
import { couchMembers, isPlain, ownMembers } from "../../shared/json-equal.js";
import type { SureJson } from "../../shared/sure-json.js";
import type { DocumentData, Json } from "../../shared/types.js";
import { mergeBack } from "./merge-back.js";
import { validatedRows } from "./rows.js";
import type { SchemaInput, SchemaOptions, SchemaOutput, StandardSchema } from "./types.js";
import { type SchemaIssue, ValidationError } from "./validation-error.js";

/**
 * Validate the documents of a database with a schema of zod, valibot, arktype or any other library that
 * implements Standard Schema. The documents have the schema's type.
 *
 * ```ts
 * const Animal = z.object({ legs: z.number() });
 * const animals = couch.database("animals", { schema: standardSchema(Animal) });
 * ```
 *
 * The schema sees the members that do not begin with `_`, except those of design documents, `_local` documents
 * and deletions; `data` is what it makes of them. Saving writes the document as it was read, with what has
 * changed since: fields that the schema strips are preserved. Only in a list that was changed, and that the
 * schema had transformed, its output is written. The schema must accept its own output as JSON.
 *
 * @throws TypeError if `schema` does not implement Standard Schema
 * @see https://standardschema.dev
 */
export function standardSchema<S extends StandardSchema<unknown, object>>(
  schema: S,
  { validate = "both", onInvalid }: SchemaOptions = {},
): DocumentSchema<SchemaOutput<S>, SchemaInput<S>> {
  if (typeof Object(Object(schema)["~standard"]).validate !== "function")
    throw new TypeError("`schema` must be a Standard Schema: of zod, valibot or arktype, say");
  if (!["read", "write", "both"].includes(validate))
    throw new TypeError('`validate` must be "read", "write" or "both"');
  if (onInvalid !== undefined && typeof onInvalid !== "function") {
    throw new TypeError(`\`onInvalid\` must be a function, got ${typeof onInvalid}`);
  }
  const options = { schema, validate, onInvalid };
  return { toCodec: (json) => codecOf(options, json as SureJson) };
}

/** What schemas made of documents, as it was then, as JSON. */
const made = /* @__PURE__ */ new WeakMap<object, () => unknown>();

function codecOf(
  { schema, validate, onInvalid }: SchemaOptions & { schema: StandardSchema<unknown, object> },
  json: SureJson,
): Codec {
  const isReadAsItIs = (data: DocumentData) => validate === "write" || isExempt(data);

  const codec: Codec = {
    skips: onInvalid !== undefined,

    isValid: (data) => isReadAsItIs(data) || made.has(data),

    madeOf: (data) => made.get(data),

    mergeBack: (asRead, was, is) => mergeBack(json, asRead, was, is),

    async validateRead<D extends DocumentData>(data: D, operation: Abortable) {
      if (isReadAsItIs(data)) return data;
      const value = await outputOf(schema, data, operation);
      if (!isPlain(value)) throw new TypeError("the schema must make a plain object of a document");
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

    validateRows(source, kind, operation, skipped = () => undefined) {
      if (validate === "write") return source;
      const validateOne = async (data: DocumentData) => {
        try {
          return await codec.validateRead(data, operation);
        } catch (error) {
          if (!(error instanceof ValidationError && onInvalid)) throw error;
          return afterInvalid(onInvalid, error, data);
        }
      };
      const abort = (error: unknown) => operation.abort(error);
      return validatedRows(source, kind, validateOne, skipped, abort);
    },
  };
  return codec;
}

function afterInvalid(
  onInvalid: NonNullable<SchemaOptions["onInvalid"]>,
  error: ValidationError,
  data: DocumentData,
): DocumentData | undefined {
  const decision = onInvalid(error);
  if (decision === "pass") return data;
  if (decision === "skip") return undefined;
  throw new TypeError('`onInvalid` must return "skip" or "pass", or throw', { cause: error });
}

/** Documents that are CouchDB's own, deletions, and values that are no documents. */
function isExempt(data: DocumentData): boolean {
  const { _id, _deleted } = Object(data) as DocumentData;
  return typeof _id !== "string" || _id.startsWith("_") || _deleted === true;
}

/** What a schema makes of a document. */
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

/** What data is now, as JSON; an error if it cannot be saved. */
function snapshot(json: Json, data: object): () => unknown {
  try {
    const text = holdsUnwritable(data) ? undefined : json.stringify(data);
    if (text !== undefined) return () => json.parse(text);
  } catch {}
  return () => {
    throw new TypeError("the document cannot be saved: its schema makes values that are not JSON");
  };
}

/** Whether JSON would write a value as nothing. */
function holdsUnwritable(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Map || value instanceof Set) return true;
  return (Array.isArray(value) || isPlain(value)) && Object.values(value).some(holdsUnwritable);
}
