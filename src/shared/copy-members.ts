/** Copy the members of JSON, including one named `__proto__`, which an assignment would not create. */
export function copyMembers(from: object, to: object): void {
  Object.defineProperties(to, Object.getOwnPropertyDescriptors(from));
}
