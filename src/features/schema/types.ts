import type { SchemaIssue, ValidationError } from "./validation-error.js";

/**
 * A schema of any library that implements Standard Schema: zod, valibot, arktype and others. couchfetch uses
 * only the specification's types.
 *
 * @typeParam Input - what the schema accepts: the documents' own members, as they are in the database
 * @typeParam Output - what it makes of that: the documents' own members, as they are in `data`
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the specification defines. */
  readonly "~standard": {
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    /** Checks and transforms a value, or reports what is wrong. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Never present: it carries the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema reports about a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** The documents' own members, as a schema makes them. */
export type SchemaOutput<S extends StandardSchema<unknown, object>> = NonNullable<
  S["~standard"]["types"]
>["output"];

/** The documents' own members in the database: what the schema accepts, if that is known. */
export type SchemaInput<S extends StandardSchema<unknown, object>> = NonNullable<
  S["~standard"]["types"]
>["input"] extends infer Input
  ? Input extends object
    ? Input
    : SchemaOutput<S>
  : never;

/** Options of schema validation. */
export interface SchemaOptions {
  /**
   * Whether documents are validated when they are read, when they are written, or both. What is written is
   * validated as the JSON that goes to CouchDB, and is not transformed. Default `"both"`.
   */
  validate?: "read" | "write" | "both" | undefined;
  /**
   * Called for each invalid document among many (`docs`, `find`, rows of views and searches, changes, `bulkGet`):
   * `"skip"` leaves it out, though it counts for every `limit` except a feed's; `"pass"` gives it as it is in the
   * database. Default: the error is thrown at the document's place, as is what this function throws.
   */
  onInvalid?: ((error: ValidationError) => "skip" | "pass") | undefined;
}
