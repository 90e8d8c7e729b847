/** Headers may hold a credential, which a runtime's own error would show. */

/**
 * Headers by their names in lower case.
 *
 * @throws TypeError for a name or a value that cannot be sent
 */
export function toHeaders(init: HeadersInit | undefined): Record<string, string> {
  // Most requests have none, and a small one would notice.
  if (init === undefined) return {};
  try {
    return Object.fromEntries(new Headers(init));
  } catch {
    throw new TypeError("`headers` has a name or value that cannot be sent");
  }
}
