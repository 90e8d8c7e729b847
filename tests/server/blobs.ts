import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Doc, isObject } from "./types.js";

/** What a document keeps of an attachment: everything but the bytes. */
export interface StoredAttachment {
  content_type: string;
  /** The generation of the revision that brought it. */
  revpos: number;
  /** Of the bytes as they are kept. */
  digest: string;
  length: number;
  encoding?: "gzip";
  encoded_length?: number;
}

export type StoredAttachments = Record<string, StoredAttachment>;

/** An attachment that comes with its bytes. */
export interface NewAttachment {
  content_type: string;
  revpos: number;
  bytes: Buffer;
  /** The client has compressed it, whatever it is. */
  isCompressed?: boolean;
}

/** An attachment as it is sent behind its document. */
export interface File {
  name: string;
  attachment: StoredAttachment;
  /** As they are kept. */
  bytes: Buffer;
}

/** How the attachments of a document are shown. */
export interface AttachmentOptions {
  /** As what follows the document: see `File`. */
  follows?: boolean;
  /** With their bytes, in place of stubs. */
  attachments?: boolean;
  /** But those that no later revision than this generation has brought. */
  since?: number | undefined;
  att_encoding_info?: boolean;
}

const COMPRESSED = /^(text\/.+|application\/(javascript|json|xml))\s*(;.*)?$/i;
// The level that CouchDB uses: the digests come out as its own.
const LEVEL = 8;

/** The bytes of a database's attachments. */
export class Blobs {
  readonly #bytes = new Map<string, Buffer>();

  /** Texts are kept compressed. */
  keep({ content_type, revpos, bytes, isCompressed = false }: NewAttachment): StoredAttachment {
    const encode = !isCompressed && COMPRESSED.test(content_type);
    const kept = encode ? gzipSync(bytes, { level: LEVEL }) : bytes;
    const digest = `md5-${createHash("md5").update(kept).digest("base64")}`;
    this.#bytes.set(digest, kept);
    const encoded = { encoding: "gzip", encoded_length: kept.length } as const;
    return {
      content_type,
      revpos,
      digest,
      // CouchDB does not look into what comes compressed.
      length: bytes.length,
      ...((encode || isCompressed) && encoded),
    };
  }

  /** As they are kept. */
  encoded({ digest }: StoredAttachment): Buffer {
    const bytes = this.#bytes.get(digest);
    if (bytes === undefined) throw new Error(`The bytes of ${digest} are missing`);
    return bytes;
  }

  decoded(attachment: StoredAttachment): Buffer {
    const bytes = this.encoded(attachment);
    return attachment.encoding === "gzip" ? gunzipSync(bytes) : bytes;
  }

  /** The document with its attachments as a client is told of them. */
  show(doc: Doc, options: AttachmentOptions = {}): Doc {
    if (!isObject(doc._attachments)) return doc;
    const shown = Object.entries(doc._attachments as unknown as StoredAttachments).map(
      ([name, attachment]) => [name, this.#showOne(attachment, options)],
    );
    return { ...doc, _attachments: Object.fromEntries(shown) };
  }

  #showOne(attachment: StoredAttachment, options: AttachmentOptions): Doc {
    const { content_type, revpos, digest, length, encoding, encoded_length } = attachment;
    const { att_encoding_info, since = 0 } = options;
    const isNew = revpos > since;
    const follows = options.follows && isNew;
    const attachments = options.attachments && isNew;
    const tellsEncoding = (follows || att_encoding_info) && encoding !== undefined;
    return {
      content_type,
      revpos,
      digest,
      ...(follows
        ? { length, follows }
        : attachments
          ? { data: this.decoded(attachment).toString("base64") }
          : { length, stub: true }),
      ...(tellsEncoding && { encoding, encoded_length }),
    };
  }
}

/** What a client is told of an attachment without its bytes. */
export function stubOf({ content_type, revpos, digest, length }: StoredAttachment): Doc {
  return { content_type, revpos, digest, length, stub: true };
}
