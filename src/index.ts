export type { Auth, AuthAnswer, AuthServer } from "./auth/auth.js";
export { basic } from "./auth/basic.js";
export { bearer } from "./auth/bearer.js";
export { cookie } from "./auth/cookie.js";
export { type ProxyOptions, proxy } from "./auth/proxy.js";
export {
  ChangedEvent,
  type ChangeEvent,
  type ChangeJson,
  DeletedEvent,
  type DocChangeJson,
} from "./changes/change-event.js";
export { ChangesFeed, type ChangesOptions } from "./changes/changes-feed.js";
export type { Checkpoint } from "./changes/checkpoint.js";
export { Feed } from "./changes/feed.js";
export type { FeedKind, FeedOptions, FeedState } from "./changes/feed-options.js";
export {
  type AllDbsParams,
  CouchDB,
  type CouchDBOptions,
  type CreateDatabaseOptions,
} from "./client/couchdb.js";
export { Database } from "./client/database.js";
export { Attachment, type TransferOptions } from "./documents/attachment.js";
export { type BulkEdit, BulkOperation, type BulkOptions } from "./documents/bulk-operation.js";
export { Document } from "./documents/document.js";
export type { Merge } from "./features/conflicts.js";
export type { DatabaseUpdate } from "./features/db-updates.js";
export type { Deployed, Design } from "./features/deploy.js";
export { type DefineOptions, DesignDocument } from "./features/design-document.js";
export type { DocumentSource } from "./features/import/document-source.js";
export type { ImportOptions, ImportTotals, MergeTwo } from "./features/import/import-options.js";
export { localCheckpoint } from "./features/local-checkpoint.js";
export type { AttachmentPart } from "./features/multipart/read.js";
export type { AttachmentContent, AttachmentContents } from "./features/multipart/write.js";
export { Partition, type PartitionInfo } from "./features/partition.js";
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOptions,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from "./features/schema/standard-schema.js";
export { ValidationError } from "./features/schema/validation-error.js";
export type { DocHit, SearchHit, SearchParams } from "./features/search.js";
export { SecurityDocument } from "./features/security.js";
export { type CreateUserOptions, type UserData, Users } from "./features/users.js";
export type { RequestOptions } from "./http/custom-request.js";
export type { Progress } from "./http/progress.js";
export type { Fetch } from "./http/request.js";
export type { RetryOptions } from "./http/retry.js";
export { type DefinedView, defineView } from "./queries/define-view.js";
export { DocumentQueries } from "./queries/document-queries.js";
export type {
  Explanation,
  FindParams,
  Index,
  IndexDefinition,
  IndexesDeleted,
  IndexParams,
  IndexResult,
  QueryParams,
  SortField,
} from "./queries/find.js";
export type { Condition, Field, Picked, QueryField, Selector } from "./queries/selector.js";
export { AllDocsView, View } from "./queries/view.js";
export { ViewResponse } from "./queries/view-response.js";
export {
  BadRequestError,
  ConflictError,
  CouchDBError,
  type ErrorDetails,
  ExpectationFailedError,
  ForbiddenError,
  IncompleteResponseError,
  InvalidResponseError,
  NetworkError,
  NotFoundError,
  PayloadTooLargeError,
  PreconditionFailedError,
  ServerError,
  TimeoutError,
  TooManyRequestsError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
} from "./shared/errors.js";
export type * from "./shared/row-types.js";
export type * from "./shared/types.js";
export { Rows } from "./streams/rows.js";
