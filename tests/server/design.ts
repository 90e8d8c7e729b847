import { CouchError, notFound } from "./errors.js";
import { compile, compileMap } from "./sandbox.js";
import { type Doc, isObject } from "./types.js";

const BUILTIN_REDUCES = ["_sum", "_count", "_stats", "_approx_count_distinct"];
/** Members that hold functions by name. */
const COLLECTIONS = ["filters", "lists", "shows", "updates"];

const invalid = (reason: string) => new CouchError(400, "invalid_design_doc", reason);

type Type = "string" | "object" | "array" | "boolean";

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}

function requireType(field: string, value: unknown, ...types: Type[]): void {
  if ((types as string[]).includes(typeOf(value))) return;
  throw invalid(`\`${field}\` field must have ${types.join(" or ")} type`);
}

/** CouchDB refuses a design document that it could do nothing with. */
export function checkDesign(doc: Doc, isPartitioned: boolean): void {
  const { language = "javascript", options = {}, views = {}, rewrites } = doc;
  requireType("language", language, "string");
  requireType("options", options, "object");
  checkOptions(options as Doc, isPartitioned);
  for (const member of COLLECTIONS) checkCollection(doc, member);
  if ("rewrites" in doc) requireType("rewrites", rewrites, "array", "string");
  if ("validate_doc_update" in doc) {
    requireType("validate_doc_update", doc.validate_doc_update, "string");
  }
  requireType("views", views, "object");
  for (const [name, view] of Object.entries(views as Doc)) checkView(name, view, String(language));
}

function checkOptions({ partitioned }: Doc, isPartitioned: boolean): void {
  if (partitioned === undefined) return;
  requireType("options.partitioned", partitioned, "boolean");
  if (partitioned === true && !isPartitioned) {
    throw invalid("partitioned option cannot be true in a non-partitioned database.");
  }
}

function checkCollection(doc: Doc, member: string): void {
  const collection = doc[member] ?? {};
  requireType(member, collection, "object");
  for (const [name, value] of Object.entries(collection as Doc)) {
    requireType(`${member}.${name}`, value, "string", "object");
  }
}

function checkView(name: string, view: unknown, language: string): void {
  requireType(`views.${name}`, view, "object");
  // What is there is code that the views share.
  if (name === "lib" || !isObject(view)) return;
  if (!("map" in view)) throw invalid(`View \`${name}\` must contain map function`);
  requireType(`views.${name}.map`, view.map, language === "query" ? "object" : "string");
  if ("reduce" in view) requireType(`views.${name}.reduce`, view.reduce, "string");
  if (language === "javascript") compileView(name, view);
}

function compileView(name: string, { map, reduce }: Doc): void {
  if (map === "" || reduce === "") throw notFound("missing function");
  compileMap(String(map), name);
  if (typeof reduce !== "string") return;
  if (!reduce.startsWith("_")) {
    compile(reduce, `the reduce function in the '${name}' view`);
  } else if (!BUILTIN_REDUCES.includes(reduce)) {
    throw invalid(`\`${reduce}\` is not a supported reduce function.`);
  }
}
