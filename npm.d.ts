// Not every `lib` that users compile with knows `Symbol.asyncDispose`; JSR allows no such line in `dist`.
/// <reference lib="esnext.disposable" />
export * from "./dist/index.js";
