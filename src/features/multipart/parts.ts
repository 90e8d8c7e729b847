import { concat, indexOf } from "../../shared/bytes.js";

/** A part of a body. Read it before you ask for the next part. */
export interface Part {
  /** The next bytes; undefined at the end. Rejects with an AbortError after the next part was requested. */
  next(): Promise<Uint8Array | undefined>;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const blankLine = /* @__PURE__ */ bytesOf("\r\n\r\n");

/**
 * Iterate over the parts of a `multipart` body as it arrives. Asking for the next part closes the last one,
 * and skips what was not read of it.
 *
 * @param cut - creates the error for a body that ends before its last boundary
 * @throws SyntaxError if the body does not begin with its boundary
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
  /** Read up to a mark, piece by piece; undefined after the mark. */
  const upTo = (mark: Uint8Array) => {
    let isOver = false;
    return async (): Promise<Uint8Array | undefined> => {
      for (;;) {
        if (isOver) return undefined;
        const at = indexOf(rest, mark);
        // The end may be the beginning of the mark.
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
  if (preamble) throw new SyntaxError("the body must begin with its boundary");
  for (;;) {
    while (rest.length < 2) await more();
    if (rest[0] === 45 && rest[1] === 45) return;
    // The headers repeat the JSON, and include names that may be anything.
    const headers = upTo(blankLine);
    while (await headers());
    const { part, giveUp } = inTurn(upTo(delimiter));
    yield part;
    await giveUp();
  }
}

/** Let the reader of a part and the one that skips its rest read in turn. */
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
      // Otherwise the part would seem to end here.
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
