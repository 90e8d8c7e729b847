/** UTF-8 as headers carry it: a character for each byte. */
export function utf8(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
