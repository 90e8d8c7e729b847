/** Concatenate two byte arrays. */
export function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** The first index of a byte sequence, or -1. */
export function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const [first = 0] = wanted;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** Whether two Blobs or Responses have the same bytes. */
export async function isAlike(one: Blob | Response, other: Blob | Response): Promise<boolean> {
  const bytes = new Uint8Array(await one.arrayBuffer());
  const others = new Uint8Array(await other.arrayBuffer());
  return bytes.length === others.length && bytes.every((byte, at) => byte === others[at]);
}

/** Encode bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Encode text as UTF-8 for a header, one character per byte. */
export function utf8(text: string): string {
  const bytes = new TextEncoder().encode(text);
  // As arguments of one call, they could be too many.
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
