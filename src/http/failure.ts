import {
  BadRequestError,
  ConflictError,
  CouchDBError,
  type ErrorDetails,
  ExpectationFailedError,
  ForbiddenError,
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
} from "../shared/errors.js";
import { hidesCookies } from "../shared/runtime.js";
import { Brackets } from "../streams/brackets.js";

const classes: Record<number, typeof CouchDBError> = {
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  413: PayloadTooLargeError,
  415: UnsupportedMediaTypeError,
  417: ExpectationFailedError,
  429: TooManyRequestsError,
};

// What Node (`connect EMFILE`, …), Bun (`Unable to connect`, …) and Deno (`(Connect)`) report if there was no
// connection. A reset, a closed socket and an alert from the server may come later. Browsers report nothing.
const unsent =
  /\b(connect|getaddrinfo) E|ECONNREFUSED|Unable to c|E[MN]FILE|CONNECT_T|CERT(?!IF)|LEAF_SIG|WRONG_V|secure TLS|TLS hand|\(Connect\)|bad port/;

// What Node and Bun report after five or six minutes of silence.
const timedOut = /\bTimeoutError|UND_ERR_[HB]\w+_T/;

// These statuses mean the same whichever server sends them. A 404 or 409 without CouchDB's JSON says nothing
// about the document.
const fromAnyServer = [401, 403, 413, 429];

const longestRetryAfter = 60_000;

/** Create the error for an unsuccessful response, whose body is `text`. */
export function errorFromResponse(
  { method, url }: { method: string; url: string },
  response: Response,
  text: string,
): CouchDBError {
  const { status, headers } = response;
  const { error, reason } = couchError(text);
  // Browsers hide the status of a redirect: it is 0.
  const isRedirect = status < 400 && status !== 304;
  const isCouch = method === "HEAD" ? isJson(response) : typeof error === "string";
  const details = { method, url, status: status || undefined, retryAfter: retryAfterOf(headers) };
  if (!isRedirect && (status >= 500 || isCouch || fromAnyServer.includes(status))) {
    const Class = classes[status] ?? (status >= 500 ? ServerError : CouchDBError);
    return new Class({ ...details, error, reason });
  }
  const expected = isRedirect ? "expected no redirect: use the final URL" : notJson(response);
  return new InvalidResponseError({ ...details, reason: expected });
}

/** The reason of the error for a response that is not CouchDB's. */
export function notJson({ headers }: Response): string {
  return `expected CouchDB's JSON, got ${headers.get("content-type") ?? "no content type"}`;
}

/** A request that was sent. */
export interface Attempt {
  method: string;
  url: string;
  mayHaveHappened: boolean;
}

/** Create the error for a server that was silent for too long. */
export function silenceError(
  request: Attempt,
  milliseconds: number,
  missing = "response",
): TimeoutError {
  return new TimeoutError({ ...request, reason: `no ${missing} within ${milliseconds} ms` });
}

/** Create the error for a request that failed in the network. */
export function networkError(request: Attempt, cause: unknown): NetworkError {
  const inner = Object(Object(cause).cause ?? cause);
  // A host with several addresses has an error for each.
  const first = Object(inner.errors?.[0] ?? inner);
  const texts = [Object(cause), inner, first].map(
    ({ name, code, message }) => `${name} ${code} ${message}`,
  );
  // Some messages quote the URL, which may contain anything.
  const text = texts.join().replace(/https?:\S+/g, "");
  const details = {
    ...request,
    cause,
    mayHaveHappened: request.mayHaveHappened && !unsent.test(text),
  };
  if (timedOut.test(text)) return new TimeoutError({ ...details, reason: "fetch timed out" });
  const message = String(first.message ?? "").replace(/^.*https?:\S+ ?/, "");
  const found = isBlockable(request.url)
    ? ": blocked, or no CORS headers; see docs/cors.md"
    : message && `: ${message}`;
  return new NetworkError({ ...details, reason: `the connection failed${found}` });
}

/** Whether the browser would hide that it blocked the request or the response: it is of another origin. */
function isBlockable(url: string): boolean {
  return hidesCookies && !url.startsWith(`${Object(globalThis.location).origin}/`);
}

/** The error that CouchDB appends to a response that it cannot complete, if any. */
export function failureWithin(
  { status }: Response,
  text: string,
): Pick<ErrorDetails, "status" | "error" | "reason"> | undefined {
  const [, json] = /\n(\{"(?:code|error)":.*\})\s*$/.exec(text) ?? [];
  if (json === undefined) return undefined;
  const { code, error, reason } = couchError(json);
  return { status: typeof code === "number" ? code : status, error, reason };
}

/** Whether a response has CouchDB's content type. */
export function isJson({ headers }: Response): boolean {
  return `${headers.get("content-type")}`.includes("json");
}

/** Whether a JSON text was cut off. A proxy may end a body cleanly although its server was lost. */
export function isCut(response: Response, text: string): boolean {
  const brackets = new Brackets();
  let at = 0;
  do at = brackets.next(text, at) + 1;
  while (at > 0);
  return brackets.depth > 0 && isJson(response);
}

function retryAfterOf(headers: Headers): number | undefined {
  const value = headers.get("retry-after") ?? "";
  // Seconds, or a date.
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return wait >= 0 ? Math.min(wait, longestRetryAfter) : undefined;
}

function couchError(text: string): { code?: unknown; error?: string; reason?: string } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
