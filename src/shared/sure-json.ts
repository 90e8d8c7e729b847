import type { Json } from "./types.js";

/** A session's JSON functions, for values that are known to be JSON. */
export interface SureJson extends Json {
  stringify(value: unknown): string;
}
