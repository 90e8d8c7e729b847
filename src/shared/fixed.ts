/** Exclude an argument from type inference. TypeScript 5.4 has NoInfer. */
export type Fixed<T> = [T][T extends unknown ? 0 : never];
