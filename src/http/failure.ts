import { HTTPError, NetworkError as KyNetworkError, TimeoutError as KyTimeoutError } from "ky";
import {
  type CouchDBError,
  errorFromResponse,
  NetworkError,
  TimeoutError,
} from "../shared/errors.js";

/**
 * What ky has thrown as an error of ours. ky's own hold the request and its headers: they are never
 * passed on, not even as a cause.
 */
export function failure(
  thrown: unknown,
  { reads, ...request }: { method: string; url: string; reads: boolean },
  timeout: number | false,
): CouchDBError {
  if (thrown instanceof HTTPError) return errorFromResponse(request, thrown.response, thrown.data);
  if (thrown instanceof KyTimeoutError) {
    const reason = `no answer within ${timeout} ms`;
    return new TimeoutError({ ...request, reason, mayHaveHappened: !reads });
  }
  const cause = thrown instanceof KyNetworkError ? thrown.cause : thrown;
  const reason = "the connection could not be made, or was lost";
  return new NetworkError({
    ...request,
    reason,
    cause,
    mayHaveHappened: !reads && !wasRefused(cause),
  });
}

/** Node, Bun and Deno tell where nothing was sent; browsers do not. */
function wasRefused(cause: unknown): boolean {
  const texts = [cause, (cause as { cause?: unknown } | undefined)?.cause].map((error) =>
    // Some quote the URL, in which may stand anything.
    error instanceof Error
      ? `${(error as { code?: string }).code} ${error.message.replace(/https?:\S+/g, "")}`
      : "",
  );
  return /ECONNREFUSED|ConnectionRefused|ENOTFOUND|EAI_AGAIN|\(Connect\)/.test(texts.join(" "));
}
