export { Attachment, type TransferOptions } from "./attachment.js";
export type { Auth, AuthAnswer, AuthServer } from "./auth/auth.js";
export { basic } from "./auth/basic.js";
export { bearer } from "./auth/bearer.js";
export { cookie } from "./auth/cookie.js";
export { type ProxyOptions, proxy } from "./auth/proxy.js";
export { type BulkEdit, BulkOperation, type BulkOptions } from "./bulk.js";
export { ChangesFeed, type ChangesOptions } from "./changes.js";
export type { Checkpoint } from "./checkpoint.js";
export {
  type AllDbsParams,
  CouchDB,
  type CouchDBOptions,
  type CreateDatabaseOptions,
} from "./couchdb.js";
export { Database } from "./database.js";
export { type DefinedView, defineView } from "./define-view.js";
export type { Deployed, Design } from "./deploy.js";
export { type DefineOptions, DesignDocument } from "./design.js";
export { Document } from "./document.js";
export type { DocumentSource } from "./document-source.js";
export { Documents } from "./documents.js";
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
} from "./errors.js";
export {
  ChangedEvent,
  type ChangeEvent,
  type ChangeJson,
  DeletedEvent,
  type DocChangeJson,
} from "./events.js";
export { Feed } from "./feed.js";
export type { FeedKind, FeedOptions, FeedState } from "./feed-options.js";
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
} from "./find.js";
export type { ImportOptions, ImportTotals, MergeTwo } from "./import-options.js";
export { localCheckpoint } from "./local-checkpoint.js";
export type { AttachmentContent, AttachmentContents } from "./multipart.js";
export { Partition, type PartitionInfo } from "./partition.js";
export type { AttachmentPart } from "./related.js";
export type { RequestOptions } from "./request.js";
export type { Merge } from "./revisions.js";
export type * from "./row-types.js";
export type { DocHit, SearchHit, SearchParams } from "./search.js";
export { SecurityDocument } from "./security.js";
export type { Condition, Field, Picked, QueryField, Selector } from "./selector.js";
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOptions,
  SchemaOutput,
  SchemaResult,
  StandardSchema,
} from "./standard-schema.js";
export { Rows } from "./streams/rows.js";
export type { Fetch } from "./transport/call.js";
export type { RetryOptions } from "./transport/retry.js";
export type { Progress } from "./transport/transfer.js";
export type * from "./types.js";
export type { DatabaseUpdate } from "./updates.js";
export { type CreateUserOptions, type UserData, Users } from "./users.js";
export { ValidationError } from "./validation-error.js";
export { AllDocsView, View } from "./view.js";
export { ViewResponse } from "./view-response.js";
