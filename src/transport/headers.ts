/** Headers may hold a credential, which a runtime's own error would show. */

/**
 * Headers by their names in lower case.
 *
 * @throws TypeError for a name or a value that cannot be sent
 */
export function toHeaders(init: HeadersInit | undefined): Record<string, string> {
  try {
    return Object.fromEntries(new Headers(init));
  } catch {
    throw new TypeError("The headers hold a name or a value that cannot be sent");
  }
}
