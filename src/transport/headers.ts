/** Headers that may hold a credential: a runtime's own error would show it. */

export function toHeaders(init: HeadersInit | undefined): Headers {
  try {
    return new Headers(init);
  } catch {
    throw new TypeError("The headers hold a name or a value that cannot be sent");
  }
}

export function setHeaders(headers: Headers, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    try {
      headers.set(name, value);
    } catch {
      throw new TypeError(`The header ${name} has a value that cannot be sent`);
    }
  }
}
