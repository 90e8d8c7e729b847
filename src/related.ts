import { IncompleteResponseError, InvalidResponseError } from "./errors.js";
import { type Part, parts } from "./multipart-reader.js";
import type { Flight } from "./streams/flight.js";
import type { Call } from "./transport/call.js";
import type { Transport } from "./transport/transport.js";
import type { AttachmentStub, DocumentMembers } from "./types.js";

/** An attachment that arrives with its document. */
export interface AttachmentPart {
  name: string;
  content_type: string;
  /** Bytes. */
  length: number | undefined;
  digest: string | undefined;
  /** What it holds, to be read before the next one is asked for: what is not read is read past. */
  body: ReadableStream<Uint8Array>;
}

/** A document's JSON, as CouchDB wrote it, and then its attachments as they arrive. */
export async function* related(
  transport: Transport,
  call: Call,
  flight: Flight,
): AsyncGenerator<string | AttachmentPart, void, void> {
  const headers = { accept: "multipart/related, application/json" };
  const whole: Call = { ...call, headers, raw: true, silence: transport.timeout };
  const { response, bytes, close } = await transport.open(whole, flight);
  const { status } = response;
  const type = response.headers.get("content-type") ?? "";
  try {
    const [, boundary] = /^multipart\/related;.*boundary="?([^";]+)/i.exec(type) ?? [];
    if (boundary === undefined) {
      // There are none, or those that there are were not asked for.
      yield await textOf(async () => (await bytes.next()).value);
      return;
    }
    let names: [string, AttachmentStub][] | undefined;
    for await (const part of parts(bytes, boundary)) {
      if (names) {
        const [name, stub] = names.shift() ?? [];
        if (name === undefined || !stub) throw new SyntaxError("More follows than was said");
        yield attachmentOf(name, stub, part);
      } else {
        const text = await textOf(part.next);
        const { _attachments = {} } = transport.json.parse(text) as DocumentMembers;
        names = Object.entries(_attachments).filter(([, { follows }]) => follows);
        yield text;
      }
    }
    if (!names || names.length > 0) throw new SyntaxError("Less follows than was said");
  } catch (cause) {
    flight.throwIfEnded();
    // What was thrown into the loop, or at the connection, is none of this.
    if (cause instanceof RangeError) {
      const reason = "the answer was cut off";
      throw transport.error(IncompleteResponseError, call, { status, reason });
    }
    if (!(cause instanceof SyntaxError)) throw cause;
    const reason = `answered with ${type} that is not CouchDB's`;
    throw transport.error(InvalidResponseError, call, { status, reason });
  } finally {
    close();
  }
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

function attachmentOf(name: string, stub: AttachmentStub, part: Part): AttachmentPart {
  const { content_type, digest, length } = stub;
  let body = streamOf(part);
  // CouchDB keeps texts packed, and gives them as it has them.
  if (part.headers.get("content-encoding") === "gzip") {
    const unpacking: unknown = new DecompressionStream("gzip");
    body = body.pipeThrough(unpacking as ReadableWritablePair<Uint8Array, Uint8Array>);
  }
  return { name, content_type, digest, length, body };
}

function streamOf({ next }: Part): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const bytes = await next();
        // Those that a stream gives are its consumer's, who may pass their memory on.
        if (bytes) controller.enqueue(bytes.slice());
        else controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Data whose attachments follow no more, but are there. */
export function withStubs<D extends DocumentMembers>(data: D): D {
  for (const stub of Object.values(data._attachments ?? {})) {
    if (!stub.follows) continue;
    delete stub.follows;
    delete stub.encoding;
    delete stub.encoded_length;
    stub.stub = true;
  }
  return data;
}
