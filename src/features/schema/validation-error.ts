import type { DocumentData } from "../../shared/types.js";

/** An issue with a value. */
export interface SchemaIssue {
  readonly message: string;
  /** The location in the document. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * A document does not match the database's schema, or fields that the schema strips would be lost. If it was to
 * be written, nothing was sent.
 */
export class ValidationError extends Error {
  override name = "ValidationError";
  /** The id of the document. */
  readonly id: string;
  readonly issues: readonly SchemaIssue[];
  /** The document, as it is in the database or was to be written. */
  readonly data: DocumentData;

  constructor(
    data: DocumentData,
    issues: readonly SchemaIssue[],
    problem = "does not match its schema",
  ) {
    const list = issues.map(({ message, path = [] }) => {
      const names = path.map((part) => String(typeof part === "object" ? part.key : part));
      return [names.join("."), message].filter(Boolean).join(": ");
    });
    super(`${JSON.stringify(data._id)} ${problem}: ${list.join("; ")}`);
    this.id = data._id;
    this.issues = issues;
    this.data = data;
  }
}
