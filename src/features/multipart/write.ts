import { hex } from "../../shared/bytes.js";
import type { AttachmentStub } from "../../shared/types.js";

/** The content of an attachment: a Blob, or a stream with its length in bytes. */
export type AttachmentContent =
  | Blob
  | { body: ReadableStream<Uint8Array>; length: number; content_type?: string | undefined };

/** Attachments by name. */
export type AttachmentContents = Record<string, AttachmentContent>;

const otherwise = "application/octet-stream";

/**
 * The stubs of attachments that are saved with a document.
 *
 * @throws TypeError if the content is invalid
 */
export function stubsOf(
  contents: AttachmentContents,
  rev: string | undefined,
): [name: string, stub: AttachmentStub][] {
  const revpos = Number.parseInt(rev ?? "0", 10) + 1;
  const streams = new Set<unknown>();
  return Object.entries(contents).map(([name, content]) => {
    if (content instanceof Blob) {
      const { size: length, type } = content;
      return [name, { content_type: type || otherwise, length, revpos, stub: true }];
    }
    const { body, length, content_type = otherwise } = Object(content);
    if (!(body instanceof ReadableStream && Number.isInteger(length) && length >= 0))
      throw new TypeError("an attachment must be a Blob, or a stream with its `length`");
    if (body.locked || streams.has(body)) {
      throw new TypeError("an attachment's stream must not be locked or used twice");
    }
    streams.add(body);
    return [name, { content_type, length, revpos, stub: true }];
  });
}

/** Combine a document and its attachments in one body. The attachments must be in the order of the JSON. */
export function multipart(
  json: string,
  contents: AttachmentContent[],
): { type: string; body: Blob | ReadableStream<Uint8Array> } {
  const boundary = hex(crypto.getRandomValues(new Uint8Array(16)));
  const type = `multipart/related; boundary="${boundary}"`;
  const pieces = contents.flatMap((content) => [
    `\r\n--${boundary}\r\n\r\n`,
    content instanceof Blob ? content : content.body,
  ]);
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${json}`;
  const all = [head, ...pieces, `\r\n--${boundary}--`];
  if (all.every((piece) => !(piece instanceof ReadableStream))) {
    return { type, body: new Blob(all as BlobPart[]) };
  }
  return { type, body: concatenated(all) };
}

/** Concatenate pieces in one stream. Each is read when the one before has ended. */
function concatenated(pieces: (string | Blob | ReadableStream<Uint8Array>)[]) {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let next = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (!reader) {
            const piece = pieces[next];
            if (piece === undefined) return controller.close();
            next += 1;
            reader = (
              piece instanceof ReadableStream ? piece : new Blob([piece]).stream()
            ).getReader();
          }
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          reader = undefined;
        }
      },
      async cancel(reason) {
        await reader?.cancel(reason);
        for (const piece of pieces.slice(next)) {
          if (piece instanceof ReadableStream) await piece.cancel(reason);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
