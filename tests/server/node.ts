import type { Config } from "./config.js";
import type { Context } from "./context.js";
import { badRequest, notFound } from "./errors.js";
import { parseJson, readText, sendJson } from "./http.js";
import { NODE } from "./meta.js";

const unknownValue = () => notFound("unknown_config_value");

function configOf({ instance, params: { node } }: Context): Config {
  if (node === "_local" || node === NODE) return instance.config;
  throw notFound(`no such node: ${node}`);
}

/** GET /_node: the path is incomplete. */
export function noNode(): void {
  throw badRequest("Incomplete path to _node request");
}

/** GET /_node/node */
export function nodeName(context: Context): void {
  configOf(context);
  sendJson(context, 200, { name: NODE });
}

/** Any other path below /_node: the embedded server has nothing there. */
export function nothing(): void {
  throw notFound();
}

/** GET /_node/node/_config */
export function getConfig(context: Context): void {
  sendJson(context, 200, configOf(context).all());
}

/** POST /_node/node/_config/_reload: there are no files, and the values stay. */
export async function reloadConfig(context: Context): Promise<void> {
  configOf(context);
  await readText(context.request);
  sendJson(context, 200, { ok: true });
}

/** GET /_node/node/_config/section */
export function getSection(context: Context): void {
  sendJson(context, 200, configOf(context).section(context.params.section ?? ""));
}

/** GET /_node/node/_config/section/key */
export function getValue(context: Context): void {
  const { section = "", key = "" } = context.params;
  const value = configOf(context).get(section, key);
  if (value === undefined) throw unknownValue();
  sendJson(context, 200, value);
}

/** PUT /_node/node/_config/section/key */
export async function putValue(context: Context): Promise<void> {
  const { section = "", key = "" } = context.params;
  const config = configOf(context);
  const value = parseJson(await readText(context.request));
  if (typeof value !== "string") throw badRequest("a JSON string expected");
  for (const [name, text] of Object.entries({ section, key, value })) {
    // In CouchDB's files, brackets are around the name of a section.
    const isBracketed = name !== "value" && /[[\]]/.test(text);
    if (isBracketed || /\p{Cc}/u.test(text.replaceAll("\t", ""))) {
      throw badRequest(`Invalid configuration ${name}`);
    }
  }
  sendJson(context, 200, config.set(section, key, value.trim()) ?? "");
}

/** DELETE /_node/node/_config/section/key */
export function deleteValue(context: Context): void {
  const { section = "", key = "" } = context.params;
  const before = configOf(context).set(section, key, undefined);
  if (before === undefined) throw unknownValue();
  sendJson(context, 200, before);
}
