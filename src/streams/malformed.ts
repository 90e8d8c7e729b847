/** Throw for a text that has not the form it must have. Callers report that without the text's details. */
export function malformed(): never {
  throw new SyntaxError();
}
