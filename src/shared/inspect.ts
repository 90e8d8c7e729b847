/** The parameters of the method by which Node, Deno and Bun print an object. */
export type Inspection = [
  depth: number,
  options: object,
  inspect: (value: object, options: object) => string,
];

/** Print the name of an object's class, and these members. */
export function print(object: object, [, options, inspect]: Inspection, members: object): string {
  return `${object.constructor.name} ${inspect(members, options)}`;
}
