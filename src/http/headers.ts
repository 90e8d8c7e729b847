/**
 * Convert headers to an object with lower-case names. A runtime's own error could show a credential.
 *
 * @throws TypeError for a name or a value that cannot be sent
 */
export function toHeaders(init: HeadersInit | undefined): Record<string, string> {
  // Most requests have no headers, and small requests would take noticeably longer.
  if (!init) return {};
  try {
    return Object.fromEntries(new Headers(init));
  } catch {
    throw new TypeError("`headers` must have valid names and values");
  }
}
