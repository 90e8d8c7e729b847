/** One array of the bytes of two. */
export function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Where bytes stand first within others; -1 if they do not. */
export function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  const [first = 0] = wanted;
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
    if (at + wanted.length > bytes.length) return -1;
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** Whether a Blob, or what a Response brings, holds the same as another. */
export async function isAlike(one: Blob | Response, other: Blob | Response): Promise<boolean> {
  const [bytes, others] = [
    new Uint8Array(await one.arrayBuffer()),
    new Uint8Array(await other.arrayBuffer()),
  ];
  return bytes.length === others.length && bytes.every((byte, at) => byte === others[at]);
}
