import { concat, indexOf } from "../../shared/bytes.js";

/** A part of a body: its bytes, to be read before the next part is asked for. */
export interface Part {
  /** The next bytes; undefined at the end of the part. Throws once the part is given up. */
  next(): Promise<Uint8Array | undefined>;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const blankLine = /* @__PURE__ */ bytesOf("\r\n\r\n");

/**
 * The parts of a `multipart` body as it arrives. A part is given up when the next is asked for: what was not read
 * of it is read past. Throws what `cut` makes where the body ends before its last boundary, and a SyntaxError
 * where it does not begin with one.
 */
export async function* parts(
  chunks: AsyncIterator<Uint8Array>,
  boundary: string,
  cut: () => Error,
): AsyncGenerator<Part, void, void> {
  let rest: Uint8Array = bytesOf("\r\n");
  const more = async () => {
    const { done, value } = await chunks.next();
    if (done) throw cut();
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
  const delimiter = bytesOf(`\r\n--${boundary}`);
  const preamble = await upTo(delimiter)();
  if (preamble) throw new SyntaxError("The body does not begin with its boundary");
  for (;;) {
    while (rest.length < 2) await more();
    if (rest[0] === 45 && rest[1] === 45) return;
    // The headers say nothing that the JSON does not, and stand beside names that may be anything.
    const headers = upTo(blankLine);
    while (await headers());
    const { part, giveUp } = inTurn(upTo(delimiter));
    yield part;
    await giveUp();
  }
}

/** Reads for one after the other: who reads a part, and who reads past it. */
function inTurn(read: () => Promise<Uint8Array | undefined>) {
  let last: Promise<unknown> = Promise.resolve();
  let isGivenUp = false;
  const next = () => {
    const step = last.then(read);
    last = step.catch(() => {});
    return step;
  };
  const part: Part = {
    async next() {
      const bytes = isGivenUp ? new Uint8Array() : await next();
      // Else it would seem to end here.
      if (bytes && isGivenUp)
        throw new DOMException("the attachment was closed before its end", "AbortError");
      return bytes;
    },
  };
  const giveUp = async () => {
    isGivenUp = true;
    while (await next());
  };
  return { part, giveUp };
}
