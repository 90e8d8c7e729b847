import { CouchError } from "./errors.js";

/** The first and last byte. */
export type ByteRange = [first: number, last: number];

/** The parts that a Range header asks for; undefined for the whole, also if it makes no sense. */
export function parseRanges(header: string | undefined, length: number): ByteRange[] | undefined {
  const [, list] = /^bytes=(.+)$/.exec(header ?? "") ?? [];
  if (list === undefined) return undefined;
  const specs = list.split(",").map((spec) => /^(\d*)-(\d*)$/.exec(spec.trim()));
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const [whole = "-", from = "", to = ""] = spec ?? [];
    if (whole === "-") return undefined;
    ranges.push(resolve(from, to, length));
  }
  return list.trim() === "0-" ? undefined : ranges;
}

function resolve(from: string, to: string, length: number): ByteRange {
  const first = from === "" ? Math.max(0, length - Number(to)) : Number(from);
  const last = from === "" || to === "" ? length - 1 : Math.min(Number(to), length - 1);
  if (first <= last) return [first, last];
  const reason = "Requested range not satisfiable";
  throw new CouchError(416, "requested_range_not_satisfiable", reason);
}
