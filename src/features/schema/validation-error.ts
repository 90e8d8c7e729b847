import type { DocumentData } from "../../shared/types.js";
import type { SchemaIssue } from "./standard-schema.js";

/** A document is not what the database's schema has it. When it was to be written, nothing was sent. */
export class ValidationError extends Error {
  override name = "ValidationError";
  /** The document's. */
  readonly id: string;
  readonly issues: readonly SchemaIssue[];
  /** The document, as it is in the database or was to go there. */
  readonly data: DocumentData;

  constructor(data: DocumentData, issues: readonly SchemaIssue[]) {
    const list = issues.map(({ message, path = [] }) => {
      const names = path.map((part) => String(typeof part === "object" ? part.key : part));
      return [names.join("."), message].filter(Boolean).join(": ");
    });
    super(`${JSON.stringify(data._id)} does not match its schema: ${list.join("; ")}`);
    this.id = data._id;
    this.issues = issues;
    this.data = data;
  }
}
