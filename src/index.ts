export type { Auth, AuthResponse, AuthServer } from "./auth/auth.js";
export { basic } from "./auth/basic.js";
export { bearer } from "./auth/bearer.js";
export { cookie } from "./auth/cookie.js";
export { type ProxyOptions, proxy } from "./auth/proxy.js";
export {
  ChangedEvent,
  type ChangeEvent,
  type ChangeJson,
  DeletedEvent,
  type DeletionJson,
  type DocChangeJson,
} from "./changes/change-event.js";
export { ChangesFeed, type ChangesOptions } from "./changes/changes-feed.js";
export type { Checkpoint } from "./changes/checkpoint.js";
export { Feed } from "./changes/feed.js";
export type { FeedKind, FeedOptions } from "./changes/feed-options.js";
export type {
  FeedCatchingUp,
  FeedClosed,
  FeedConnecting,
  FeedLive,
  FeedState,
  FeedWaiting,
} from "./changes/feed-state.js";
export { CouchDB } from "./client/couchdb.js";
export type {
  AllDbsParams,
  CouchDBOptions,
  CreateDatabaseOptions,
} from "./client/couchdb-options.js";
export { Database } from "./client/database.js";
export type { CreateArguments, CreateOptions, ReadOptions } from "./client/database-options.js";
export {
  Attachment,
  type FetchAttachmentOptions,
  type TransferOptions,
} from "./documents/attachment.js";
export { type BulkEdit, BulkOperation, type BulkOptions } from "./documents/bulk-operation.js";
export { Document } from "./documents/document.js";
export type { GetOptions, SaveOptions, UpdateOptions } from "./documents/document-options.js";
export type { Mutate } from "./documents/update-document.js";
export { type Merge, resolveConflicts } from "./features/conflicts.js";
export { type DatabaseUpdate, dbUpdates } from "./features/db-updates.js";
export { type DeleteTotals, deleteDocs } from "./features/delete-docs.js";
export { type Deployed, type Design, deploy } from "./features/deploy.js";
export {
  type DefineOptions,
  type DesignData,
  DesignDocument,
  designDoc,
  designDocs,
} from "./features/design-document.js";
export { type Explanation, explain } from "./features/explain.js";
export {
  deleteIndex,
  deleteIndexes,
  type Index,
  type IndexesDeleted,
  indexes,
} from "./features/indexes.js";
export { localCheckpoint } from "./features/local-checkpoint.js";
export { localDocs } from "./features/local-docs.js";
export { multiQuery } from "./features/multi-query.js";
export { fetchAttachments } from "./features/multipart/fetch-attachments.js";
export type { AttachmentPart } from "./features/multipart/read.js";
export { saveWithAttachments } from "./features/multipart/save-with-attachments.js";
export type { AttachmentContent, AttachmentContents } from "./features/multipart/write.js";
export { type OpenRevision, type OpenRevsOptions, openRevs } from "./features/open-revs.js";
export { page } from "./features/page/page.js";
export type { Page, PageOptions } from "./features/page/types.js";
export { Partition, type PartitionInfo, partition } from "./features/partition.js";
export { type ReadRowsOptions, readRows } from "./features/read-rows.js";
export {
  type BulkGetOptions,
  bulkGet,
  missingRevs,
  type PurgeResult,
  purge,
  type Revisions,
  type RevsDiff,
  revsDiff,
} from "./features/replication-api.js";
export {
  type ClouseauParams,
  type DocHit,
  type NouveauParams,
  nouveau,
  type SearchHit,
  type SearchParams,
  search,
} from "./features/search.js";
export { type SecurityData, SecurityDocument, security } from "./features/security.js";
export { type CreateUserOptions, type UserData, Users, users } from "./features/users.js";
export type { RequestOptions } from "./http/custom-request.js";
export type { Hooks, RequestEvent, ResponseEvent, RetryEvent } from "./http/hooks.js";
export type { Progress } from "./http/progress.js";
export type { Fetch } from "./http/request.js";
export type { RetryOptions } from "./http/retry.js";
export { type DefinedView, defineView, type ViewDefinition } from "./queries/define-view.js";
export { DocumentQueries } from "./queries/document-queries.js";
export type { FindParams, QueryParams, SortField } from "./queries/find.js";
export type { IndexDefinition, IndexParams, IndexResult } from "./queries/mango-index.js";
export type { Condition, Field, Picked, QueryField, Selector } from "./queries/selector.js";
export { AllDocsView, View } from "./queries/view.js";
export type { DocsOptions, IdsOptions, ViewParams } from "./queries/view-params.js";
export { ViewResponse } from "./queries/view-response.js";
export type { DocumentSchema } from "./shared/codec.js";
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
