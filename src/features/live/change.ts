import type { DocumentData } from "../../shared/types.js";

/** A revision of a document, or its deletion: `doc` is missing, or null. */
export interface Change {
  id: string;
  rev: string;
  doc?: DocumentData | null | undefined;
}

/** @param doc - default: a document of which only the id and the revision are needed */
export function changeOf(
  id: string,
  rev: string,
  doc: DocumentData | null = { _id: id, _rev: rev },
): Change {
  return { id, rev, doc };
}

/** The changes that a feed has to bring: of some documents or of all, with or without their content. */
export interface Scope {
  include_docs: boolean;
  doc_ids?: string[];
}

/** What several together need. */
export function union(scopes: readonly Scope[]): Scope {
  const include_docs = scopes.some((scope) => scope.include_docs);
  if (!scopes.every((scope) => scope.doc_ids)) return { include_docs };
  return {
    include_docs,
    doc_ids: [...new Set(scopes.flatMap(({ doc_ids = [] }) => doc_ids))].sort(),
  };
}
