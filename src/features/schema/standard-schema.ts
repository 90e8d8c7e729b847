import type { ValidationError } from "./validation-error.js";

/**
 * A schema of any library that keeps to Standard Schema: zod, valibot, arktype and others. Of the
 * specification, couchfetch uses the types alone.
 *
 * @typeParam Input - what the schema takes: the documents' own members, as they are in the database
 * @typeParam Output - what it makes of that: the documents' own members, as they are here
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** What the specification has all libraries offer alike. */
  readonly "~standard": {
    readonly version: 1;
    /** The library. */
    readonly vendor: string;
    /** Looks at a value, and makes another of it, or says what is wrong. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Not there: it has the types. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What a schema has against a value. */
export interface SchemaIssue {
  readonly message: string;
  /** Where in the document. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What documents are that a schema has let in. */
export type SchemaOutput<S extends StandardSchema<unknown, object>> = NonNullable<
  S["~standard"]["types"]
>["output"];

/** What documents are in the database: what the schema takes, where that is known. */
export type SchemaInput<S extends StandardSchema<unknown, object>> = NonNullable<
  S["~standard"]["types"]
>["input"] extends infer Input
  ? Input extends object
    ? Input
    : SchemaOutput<S>
  : never;

/** How documents are checked. */
export interface SchemaOptions<S extends StandardSchema<unknown, object>> {
  /**
   * What documents have to be, but for the members that begin with `_`, which it is not shown, and for design
   * documents, `_local` ones and deletions. `data` is what it makes of them. A save writes the document as it came,
   * with what was changed since: what the schema left away is not lost. Only in a list that is changed, and of which
   * the schema had made another, is what it made written. It has to take what it makes, as JSON.
   */
  schema: S;
  /**
   * Whether documents are checked when they are read, when they are written, or both. What is written is
   * checked as the JSON that goes to CouchDB, and goes as it is. Default `"both"`.
   */
  validate?: "read" | "write" | "both" | undefined;
  /**
   * Called for each document among many (`docs`, `find`, rows of views and searches, changes, `bulkGet`) that the
   * schema does not let in: `"skip"` leaves it out, though it counts for the `limit` of all but feeds; `"pass"` gives
   * it as it is in the database. Default: it is thrown, at its place, as is what this throws.
   */
  onInvalid?: ((error: ValidationError) => "skip" | "pass") | undefined;
}
