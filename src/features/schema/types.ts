import type { SchemaIssue, ValidationError } from "./validation-error.js";

/**
 * A schema from any library that implements Standard Schema, such as zod, valibot or arktype. couchfetch uses
 * only the specification's types.
 *
 * @typeParam Input - what the schema accepts: the documents' own members in the database
 * @typeParam Output - what the schema returns: the documents' own members in `data`
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The member that the specification defines. */
  readonly "~standard": {
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Validate and transform a value, or report issues. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Never present: carries the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of a validation. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** The documents' own members, as the schema returns them. */
export type SchemaOutput<S extends StandardSchema<unknown, object>> = NonNullable<
  S["~standard"]["types"]
>["output"];

/** The documents' own members in the database, as the schema accepts them, if that is known. */
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
   * Whether to validate documents when they are read, written, or both. On writing, the schema validates the
   * JSON that is sent to CouchDB, and does not transform it. Default `"both"`.
   */
  validate?: "read" | "write" | "both" | undefined;
  /**
   * Called for each invalid document in a stream (`docs`, `find`, rows of views and searches, changes,
   * `bulkGet`). `"skip"` leaves it out, though it counts toward every `limit` except a feed's. `"pass"`
   * returns it as it is in the database. Default: the error is thrown at the document's place, as is any
   * error that this function throws.
   */
  onInvalid?: ((error: ValidationError) => "skip" | "pass") | undefined;
  /**
   * Fields that the schema strips are preserved when a document is saved, in a list only with the items that
   * are unchanged. This decides what happens to those of the other items, such as an item that you edited, or
   * removed while you added another: `"throw"` throws a ValidationError that names the field, and nothing is
   * sent. `"drop"` saves without them. Default `"throw"`.
   */
  onStripped?: "throw" | "drop" | undefined;
}
