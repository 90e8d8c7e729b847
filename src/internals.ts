/**
 * The file that becomes `dist/index.js`: the public exports, and those functions that the other entries import
 * from it. Bundlers drop them where nothing uses them, and the types do not show them.
 */

export { isMalformed } from "./auth/credential-cache.js";
export { isMissingRow } from "./documents/missing.js";
export { documentWrite, requestOutcomes } from "./documents/write-outcome.js";
export { databasePath, documentPath, encodeSegment, parseBaseUrl } from "./http/paths.js";
export { uploadTime } from "./http/progress.js";
export { responseTo } from "./http/response.js";
export { mayPass, waitBefore } from "./http/retry.js";
export { credentialsFor } from "./http/send.js";
export * from "./index.js";
export { isWithin } from "./queries/view-rows.js";
export {
  checkJson,
  checkObject,
  checkOptions,
  checkType,
  limitsOf,
  paramsOf,
} from "./shared/arguments.js";
export { hex } from "./shared/bytes.js";
export { documentText } from "./shared/json-equal.js";
export { otherTasks } from "./shared/long-task.js";
export { hidesCookies } from "./shared/runtime.js";
