import { concat, indexOf } from "./bytes.js";

/** A part of a body: its headers, by their names in lower case, and its bytes, to be read before the next. */
export interface Part {
  headers: Map<string, string>;
  /** The next bytes; undefined at the end of the part. */
  next(): Promise<Uint8Array | undefined>;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const blankLine = bytesOf("\r\n\r\n");

/**
 * The parts of a `multipart` body as it arrives. What is not read of one is read past. Throws a RangeError
 * where the body ends before its last boundary, and a SyntaxError where it has none.
 */
export async function* parts(
  chunks: AsyncIterator<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part, void, void> {
  let rest: Uint8Array = bytesOf("\r\n");
  const more = async () => {
    const { done, value } = await chunks.next();
    if (done) throw new RangeError("The body ends before its last boundary");
    rest = concat(rest, value);
  };
  /** Takes what is there before a mark, some of it at a time; undefined once the mark is behind. */
  const upTo = (mark: Uint8Array) => {
    let isOver = false;
    return async (): Promise<Uint8Array | undefined> => {
      for (;;) {
        if (isOver) return undefined;
        const at = indexOf(rest, mark);
        // What may be the beginning of the mark is kept.
        const end = at === -1 ? Math.max(0, rest.length - mark.length + 1) : at;
        const taken = rest.subarray(0, end);
        isOver = at !== -1;
        rest = rest.subarray(isOver ? at + mark.length : end);
        if (taken.length > 0) return taken;
        if (!isOver) await more();
      }
    };
  };
  const all = async (next: () => Promise<Uint8Array | undefined>) => {
    let bytes: Uint8Array = new Uint8Array();
    for (let some = await next(); some; some = await next()) bytes = concat(bytes, some);
    return bytes;
  };
  const delimiter = bytesOf(`\r\n--${boundary}`);
  const preamble = await all(upTo(delimiter));
  if (preamble.length > 0) throw new SyntaxError("The body does not begin with its boundary");
  for (;;) {
    while (rest.length < 2) await more();
    if (rest[0] === 45 && rest[1] === 45) return;
    // A part without headers begins with a blank line at once.
    const lines = new TextDecoder().decode(await all(upTo(blankLine))).split("\r\n");
    const headers = new Map(
      lines.flatMap((line): [string, string][] => {
        const [, name = "", value = ""] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
        return name === "" ? [] : [[name.toLowerCase(), value]];
      }),
    );
    const next = upTo(delimiter);
    yield { headers, next };
    while (await next());
  }
}
