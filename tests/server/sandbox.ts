import vm from "node:vm";
import { CouchError } from "./errors.js";

export type DesignFunction = (...args: unknown[]) => unknown;

const HELPERS = `
  var toJSON = JSON.stringify;
  var isArray = Array.isArray;
  function log() {}
  function sum(values) { return values.reduce(function (a, b) { return a + b; }, 0); }
`;

/** Compiles a function from a design document, in a global scope of its own. */
export function compile(source: string, what?: string, globals: object = {}): DesignFunction {
  const scope = vm.createContext({ ...globals });
  vm.runInContext(HELPERS, scope);
  const failed = (why: string) =>
    new CouchError(400, "compilation_error", what ? `Compilation of ${what} failed: ${why}` : why);
  // QuickJS takes a function with a name for a declaration, and so for nothing.
  if (/^\s*function\s+[\w$]/.test(source)) {
    throw failed(`Expression does not eval to a function. (${source})`);
  }
  let value: unknown;
  try {
    value = vm.runInContext(`(${source.replace(/[;\s]+$/, "")})`, scope);
  } catch (error) {
    throw failed(`${error} (${source})`);
  }
  if (typeof value !== "function") {
    throw failed(`Expression does not eval to a function. (${source})`);
  }
  return value as DesignFunction;
}

/** A map function: it is given a document, and returns what it emitted. */
export function compileMap(source: string, view: string) {
  let emitted: { key: unknown; value: unknown }[] = [];
  const emit = (key: unknown, value: unknown) => {
    // The text is what an index would keep: without functions, undefined or shared objects.
    emitted.push(JSON.parse(JSON.stringify({ key: key ?? null, value: value ?? null })));
  };
  const map = compile(source, `the map function in the '${view}' view`, { emit });
  return (doc: unknown) => {
    emitted = [];
    try {
      map(doc);
    } catch {
      return []; // A document on which the function fails has no rows.
    }
    return emitted;
  };
}
