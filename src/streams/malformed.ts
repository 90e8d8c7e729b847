/** Throw for malformed text. The message is empty: callers report the error without quoting the text. */
export function malformed(): never {
  throw new SyntaxError();
}
