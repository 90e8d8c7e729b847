/**
 * The file that becomes `dist/index.js`: the public exports, and those functions that the other entries import
 * from it. Bundlers drop them where nothing uses them, and the types do not show them.
 */

export { isMalformed } from "./auth/credential-cache.js";
export { isRecoverable } from "./changes/recoverable-error.js";
export { isMissingRow } from "./documents/missing.js";
export { documentWrite, requestOutcomes } from "./documents/write-outcome.js";
export { callHook } from "./http/hooks.js";
export { databasePath, documentPath, encodeSegment, parseBaseUrl } from "./http/paths.js";
export { uploadTime } from "./http/progress.js";
export { responseTo } from "./http/response.js";
export { mayPass, waitBefore } from "./http/retry.js";
export { credentialsFor } from "./http/send.js";
export * from "./index.js";
export { checkSelector } from "./queries/find.js";
export { isWithin } from "./queries/view-rows.js";
export {
  argumentError,
  checkArray,
  checkJson,
  checkLeast,
  checkNames,
  checkObject,
  checkOptions,
  checkType,
  limitsOf,
  paramsOf,
} from "./shared/arguments.js";
export { hex, utf8 } from "./shared/bytes.js";
export { documentText, isPlain } from "./shared/json-equal.js";
export { otherTasks } from "./shared/long-task.js";
export { hidesCookies } from "./shared/runtime.js";
export { toAsyncIterator } from "./streams/async-iterator.js";
