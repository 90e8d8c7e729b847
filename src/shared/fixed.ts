/** A type that an argument must have, but that is inferred from other arguments. TypeScript 5.4 has NoInfer. */
export type Fixed<T> = [T][T extends unknown ? 0 : never];
