import { isObject } from "./types.js";

/** A JSON value as Erlang prints it, which is how CouchDB quotes some of what it was sent. */
export function erlang(value: unknown): string {
  if (typeof value === "string") return value === "" ? "<<>>" : `<<${JSON.stringify(value)}>>`;
  if (Array.isArray(value)) return `[${value.map(erlang).join(",")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.entries(value).map(([name, v]) => `{${erlang(name)},${erlang(v)}}`);
  return `{[${members.join(",")}]}`;
}
