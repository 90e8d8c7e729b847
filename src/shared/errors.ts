/** What an error knows of the request that met it. */
export interface ErrorDetails {
  method: string;
  /** As it was sent; credentials are never part of it. */
  url: string;
  status?: number | undefined;
  error?: string | undefined;
  reason?: string | undefined;
  /** Milliseconds. */
  retryAfter?: number | undefined;
  cause?: unknown;
  /** Of a NetworkError. */
  mayHaveHappened?: boolean;
}

/** The mother of all errors that a request can end in. Wrong arguments are a `TypeError` instead. */
export class CouchDBError extends Error {
  override name = "CouchDBError";
  declare readonly method: string;
  declare readonly url: string;
  /** The HTTP status, if there was an answer. A conflict that couchfetch finds by itself has 409. */
  declare readonly status: number | undefined;
  /** CouchDB's word for the error, `not_found` for example. */
  declare readonly error: string | undefined;
  /** CouchDB's explanation. */
  declare readonly reason: string | undefined;
  /** Milliseconds that the server asks to wait before the next try, by `Retry-After`; at most a minute. */
  declare readonly retryAfter: number | undefined;

  constructor({ cause, ...details }: ErrorDetails) {
    super(describe(details), cause === undefined ? undefined : { cause });
    Object.assign(this, details);
  }
}

function describe({ method, url, status, error, reason }: ErrorDetails): string {
  const what = [status, error].filter((part) => part !== undefined).join(" ");
  const why = reason && what ? `${what} (${reason})` : reason || what;
  return `${method} ${url}: ${why}`;
}

/** 400: CouchDB does not understand the request, an invalid revision for example. */
export class BadRequestError extends CouchDBError {
  override name = "BadRequestError";
}

/** 401: no credentials, wrong ones, or ones that do not suffice. */
export class UnauthorizedError extends CouchDBError {
  override name = "UnauthorizedError";
}

/** 403: this user may not do this. */
export class ForbiddenError extends CouchDBError {
  override name = "ForbiddenError";
}

/** 404: no such document, database or view. */
export class NotFoundError extends CouchDBError {
  override name = "NotFoundError";
}

/** 409: the document has another revision than the one given, or exists already. */
export class ConflictError extends CouchDBError {
  override name = "ConflictError";
}

/** 412: the database exists already. */
export class PreconditionFailedError extends CouchDBError {
  override name = "PreconditionFailedError";
}

/** 413: the document, attachment or request is larger than the server takes. */
export class PayloadTooLargeError extends CouchDBError {
  override name = "PayloadTooLargeError";
}

/** 415: the request's content type is not the one that CouchDB takes there. */
export class UnsupportedMediaTypeError extends CouchDBError {
  override name = "UnsupportedMediaTypeError";
}

/** 417: a document of a bulk write was refused by a validation function. */
export class ExpectationFailedError extends CouchDBError {
  override name = "ExpectationFailedError";
}

/** 429: too many requests; couchfetch has already waited and tried again where that is safe. */
export class TooManyRequestsError extends CouchDBError {
  override name = "TooManyRequestsError";
}

/** 5xx: the server, or a proxy before it, failed. */
export class ServerError extends CouchDBError {
  override name = "ServerError";
}

/**
 * There is no answer: the server could not be reached, or the connection broke before it was complete.
 * For a write, also where the answer was not CouchDB's, which is the `cause` then: whatever else a write
 * ends in, save a ServerError with CouchDB's own words, it has not happened.
 */
export class NetworkError extends CouchDBError {
  override name = "NetworkError";
  /** True for a write that may have reached the server, which may yet carry it out: look first. */
  declare readonly mayHaveHappened: boolean;
}

/** The server did not answer within the session's `timeout`. */
export class TimeoutError extends NetworkError {
  override name = "TimeoutError";
}

/** A streamed answer was cut off. The rows, or bytes, that were complete have been delivered. */
export class IncompleteResponseError extends CouchDBError {
  override name = "IncompleteResponseError";
}

/** The answer is not CouchDB's: a proxy's page, for example. */
export class InvalidResponseError extends CouchDBError {
  override name = "InvalidResponseError";
}
