import type { HttpClient } from "../../http/client.js";
import { isCut } from "../../http/failure.js";
import type { HttpRequest, StreamRequest } from "../../http/request.js";
import type { AttachmentStub, DocumentMembers } from "../../shared/types.js";
import type { Operation } from "../../streams/operation.js";
import { type Part, parts } from "./parts.js";

/** An attachment that arrives with its document. */
export interface AttachmentPart {
  name: string;
  content_type: string;
  /** Bytes. */
  length: number | undefined;
  digest: string | undefined;
  /** The content. Read it before you ask for the next attachment, which closes it and skips the rest. */
  body: ReadableStream<Uint8Array>;
}

/** Read the JSON of a document, as CouchDB wrote it, and then its attachments as they arrive. */
export async function* readMultipart(
  client: HttpClient,
  request: HttpRequest,
  operation: Operation,
): AsyncGenerator<string | AttachmentPart, void, void> {
  const headers = { accept: "multipart/related, application/json" };
  const whole: StreamRequest = { ...request, headers };
  const { response, bytes, close } = await client.open(whole, operation);
  const { status } = response;
  const type = response.headers.get("content-type") ?? "";
  const invalid = (reason: string) => client.invalid(request, reason, status);
  const cut = () => client.incomplete(request, status);
  try {
    const [, boundary] = /^multipart\/related;.*boundary="?([^";]+)/i.exec(type) ?? [];
    if (boundary === undefined) {
      // There are no attachments, or a proxy requested JSON only.
      const text = await textOf(async () => (await bytes.next()).value);
      if (isCut(response, text)) throw cut();
      yield text;
      yield* within(text);
      return;
    }
    let following: [string, AttachmentStub][] | undefined;
    for await (const part of parts(bytes, boundary, cut)) {
      if (!following) {
        const text = await textOf(part.next);
        following = inOrder(text).filter(([, { follows }]) => follows);
        yield text;
        continue;
      }
      const [name, stub] = following.shift() ?? [];
      if (name === undefined || !stub) throw invalid("expected fewer attachments");
      const wrong = () => invalid("an attachment does not match its stub");
      yield attachmentOf(name, stub, part, wrong);
    }
    if (!following || following.length > 0) throw invalid("expected more attachments");
  } catch (error) {
    throw error instanceof SyntaxError
      ? invalid(`expected CouchDB's multipart, got ${type}`)
      : error;
  } finally {
    close();
  }
}

const stringOrKey = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/**
 * The attachments in the order of the text, in which their content follows. JavaScript puts numeric names
 * first, so a prefix makes every name non-numeric.
 */
function inOrder(text: string): [string, AttachmentStub][] {
  const named = text.replace(stringOrKey, (string, colon) =>
    colon === undefined ? string : `"-${string.slice(1)}`,
  );
  const { "-_attachments": attachments = {} } = JSON.parse(named) as Record<string, object>;
  return Object.entries(attachments).map(([name, stub]) => {
    const members = Object.entries(stub).map(([member, value]) => [member.slice(1), value]);
    return [name.slice(1), Object.fromEntries(members)];
  });
}

/** Read text. A Response would hide the error in browsers. */
async function textOf(next: Part["next"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let some = await next(); some; some = await next()) {
    text += decoder.decode(some, { stream: true });
  }
  return text + decoder.decode();
}

/** The attachments whose content is in the JSON. */
function* within(text: string): Generator<AttachmentPart, void, void> {
  for (const [name, { content_type, digest, data }] of inOrder(text)) {
    if (data === undefined) continue;
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const body = new Blob([bytes]).stream();
    yield { name, content_type, digest, length: bytes.length, body };
  }
}

function attachmentOf(
  name: string,
  { content_type, digest, length, encoding, encoded_length }: AttachmentStub,
  part: Part,
  wrong: () => Error,
): AttachmentPart {
  // CouchDB stores text compressed, and sends it as stored.
  const isPacked = encoding === "gzip";
  const expected = isPacked ? encoded_length : length;
  const stored = streamOf(part, expected, wrong);
  return { name, content_type, digest, length, body: isPacked ? unpacked(stored, wrong) : stored };
}

function streamOf(
  { next }: Part,
  expected: number | undefined,
  wrong: () => Error,
): ReadableStream<Uint8Array> {
  let length = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await next();
        length += bytes?.length ?? 0;
        // An attachment's name may break the headers of its part.
        if (!bytes && expected !== undefined && length !== expected) throw wrong();
        // The consumer of a stream may transfer the memory of its chunks.
        if (bytes) controller.enqueue(bytes.slice());
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Decompress a stream on demand: a pipe would read ahead. */
function unpacked(
  packed: ReadableStream<Uint8Array>,
  wrong: () => Error,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let failure: { error: unknown } | undefined;
  const source = packed.getReader();
  const open = () => {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      try {
        const { done, value } = await source.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    const unpacking: unknown = new DecompressionStream("gzip");
    return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
      .pipeThrough(unpacking as ReadableWritablePair<Uint8Array, Uint8Array>)
      .getReader();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reader ??= open();
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch {
          // Each runtime has its own error for damaged data.
          throw failure ? failure.error : wrong();
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Convert a document's data to its form without attachments' content. */
export function withStubs<D extends DocumentMembers>(data: D): D {
  for (const stub of Object.values(data._attachments ?? {})) {
    if (!stub.follows && stub.data === undefined) continue;
    for (const name of ["follows", "encoding", "encoded_length", "data"] as const)
      delete stub[name];
    stub.stub = true;
  }
  return data;
}
