import type { HttpClient } from "../../http/client.js";
import type { Call } from "../../http/request.js";
import { IncompleteResponseError, InvalidResponseError } from "../../shared/errors.js";
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
  /**
   * What it holds, to be read before the next one is asked for: then it is given up, and what is not read is read
   * past.
   */
  body: ReadableStream<Uint8Array>;
}

/** A document's JSON, as CouchDB wrote it, and then its attachments as they arrive. */
export async function* readMultipart(
  client: HttpClient,
  call: Call,
  operation: Operation,
): AsyncGenerator<string | AttachmentPart, void, void> {
  const headers = { accept: "multipart/related, application/json" };
  const whole: Call = { ...call, headers, raw: true, silence: client.timeout };
  const { response, bytes, close } = await client.open(whole, operation);
  const { status } = response;
  const type = response.headers.get("content-type") ?? "";
  const invalid = (reason: string) =>
    client.error(InvalidResponseError, call, { status, reason: `answered with ${reason}` });
  const cut = () =>
    client.error(IncompleteResponseError, call, { status, reason: "the answer was cut off" });
  try {
    const [, boundary] = /^multipart\/related;.*boundary="?([^";]+)/i.exec(type) ?? [];
    if (boundary === undefined) {
      // There are none; or somebody on the way has asked for JSON only.
      const text = await textOf(async () => (await bytes.next()).value);
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
      if (name === undefined || !stub) throw invalid("more attachments than it says");
      const wrong = () => invalid("an attachment that is not as it says");
      yield attachmentOf(name, stub, part, wrong);
    }
    if (!following || following.length > 0) throw invalid("fewer attachments than it says");
  } catch (error) {
    throw error instanceof SyntaxError ? invalid(`${type} that is not CouchDB's`) : error;
  } finally {
    close();
  }
}

const stringOrKey = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/**
 * The attachments in the order of the text, which is that in which they follow. An object has names that are
 * numbers before others: with a letter before each, there are none.
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

/** Not by a Response, which in browsers hides what went wrong. */
async function textOf(next: Part["next"]): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let some = await next(); some; some = await next()) {
    text += decoder.decode(some, { stream: true });
  }
  return text + decoder.decode();
}

/** Attachments whose contents are part of the JSON. */
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
  // CouchDB keeps texts packed, and gives them as it has them.
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
        // A name may have broken the part's headers in two.
        if (!bytes && expected !== undefined && length !== expected) throw wrong();
        // Those that a stream gives are its consumer's, who may pass their memory on.
        if (bytes) controller.enqueue(bytes.slice());
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** What a packed stream holds. It is read only when this is: a pipe reads ahead by itself. */
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
          // Of what cannot be unpacked, each runtime has an error of its own.
          throw failure ? failure.error : wrong();
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/** Data whose attachments follow no more, but are there. */
export function withStubs<D extends DocumentMembers>(data: D): D {
  for (const stub of Object.values(data._attachments ?? {})) {
    if (!stub.follows && stub.data === undefined) continue;
    for (const name of ["follows", "encoding", "encoded_length", "data"] as const)
      delete stub[name];
    stub.stub = true;
  }
  return data;
}
