/** Details of the request that failed. */
export interface ErrorDetails {
  method: string;
  /** The URL as it was sent, without credentials. */
  url: string;
  status?: number | undefined;
  error?: string | undefined;
  reason?: string | undefined;
  /** Milliseconds. */
  retryAfter?: number | undefined;
  /** What was found, if the error is not a response of this status. Default: the request and the response. */
  message?: string;
  cause?: unknown;
  /** For a NetworkError. */
  mayHaveHappened?: boolean;
}

/** The base class of errors of requests. Invalid arguments throw a `TypeError` or `RangeError`. */
export class CouchDBError extends Error {
  override name = "CouchDBError";
  declare readonly method: string;
  declare readonly url: string;
  /** The HTTP status. Also 404 and 409 for what couchfetch found without such a response. */
  declare readonly status: number | undefined;
  /** CouchDB's name of the error, such as `not_found`. */
  declare readonly error: string | undefined;
  /** The explanation, from CouchDB or couchfetch. */
  declare readonly reason: string | undefined;
  /** Milliseconds to wait before a retry, from `Retry-After`; at most 60 000. */
  declare readonly retryAfter: number | undefined;

  constructor({ cause, ...given }: ErrorDetails) {
    // A server can send anything in their place.
    const details = { ...given, error: textOf(given.error), reason: textOf(given.reason) };
    super(given.message ?? describe(details), cause === undefined ? undefined : { cause });
    Object.assign(this, details);
  }
}

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);

function describe({ method, url, status, error, reason }: ErrorDetails): string {
  const what = [status, error].filter(Boolean).join(" ");
  const why = reason && what ? `${what} (${reason})` : reason || what;
  return `${method} ${url}: ${why}`;
}

/** 400: CouchDB does not understand the request, for example because of an invalid revision. */
export class BadRequestError extends CouchDBError {
  override name = "BadRequestError";
}

/** 401: the credentials are missing, wrong or insufficient. */
export class UnauthorizedError extends CouchDBError {
  override name = "UnauthorizedError";
}

/** 403: the user is not allowed to do this. */
export class ForbiddenError extends CouchDBError {
  override name = "ForbiddenError";
}

/** 404: the document, database or view does not exist. */
export class NotFoundError extends CouchDBError {
  override name = "NotFoundError";
}

/** 409: the document exists already, the server has another revision of it, or it has unsaved changes. */
export class ConflictError extends CouchDBError {
  override name = "ConflictError";
}

/** 412: the database exists already, or CouchDB lacks the attachment of a stub. */
export class PreconditionFailedError extends CouchDBError {
  override name = "PreconditionFailedError";
}

/** 413: the document, attachment or request is larger than the server accepts. */
export class PayloadTooLargeError extends CouchDBError {
  override name = "PayloadTooLargeError";
}

/** 415: CouchDB does not accept the content type of the request. */
export class UnsupportedMediaTypeError extends CouchDBError {
  override name = "UnsupportedMediaTypeError";
}

/** 417: a validation function refused a document of a bulk write. */
export class ExpectationFailedError extends CouchDBError {
  override name = "ExpectationFailedError";
}

/** 429: too many requests. couchfetch has already retried it if that is safe. */
export class TooManyRequestsError extends CouchDBError {
  override name = "TooManyRequestsError";
}

/** 5xx: the server, or a proxy in front of it, failed. */
export class ServerError extends CouchDBError {
  override name = "ServerError";
}

/**
 * No response: the server could not be reached, or the connection was lost before the response was complete.
 * For a write, also a response that is not CouchDB's, which is then the `cause`.
 *
 * A write that fails with any other error did not happen, except with a ServerError from CouchDB itself.
 */
export class NetworkError extends CouchDBError {
  override name = "NetworkError";
  /**
   * Whether a write may have reached the server, which may still perform it: check first. False if there was
   * no connection, in runtimes that report this: Node, Deno and Bun.
   */
  declare readonly mayHaveHappened: boolean;
}

/** The server was silent for the session's `timeout` or `silenceTimeout`. The request is not retried. */
export class TimeoutError extends NetworkError {
  override name = "TimeoutError";
}

/** A streamed response was cut off. The rows or bytes before that were delivered. */
export class IncompleteResponseError extends CouchDBError {
  override name = "IncompleteResponseError";
}

/** The response is not CouchDB's, but for example a proxy's error page. */
export class InvalidResponseError extends CouchDBError {
  override name = "InvalidResponseError";
}
