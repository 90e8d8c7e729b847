/** The server that a session shows itself to. */
export interface AuthServer {
  /** Its URL, without credentials and without a slash at the end. */
  readonly url: string;
  /**
   * Sends a request as the session does, with its fetch, its timeout and its errors, but without its Auth; a
   * `body` as JSON.
   *
   * @throws CouchDBError for a response without success
   */
  request(
    method: "GET" | "POST" | "DELETE",
    path: string,
    details?: { headers?: Record<string, string>; body?: unknown },
  ): Promise<{ headers: Headers; value: unknown }>;
}

/** What an Auth learns of a response. */
export interface AuthResponse {
  status: number;
  headers: Headers;
  /** CouchDB's explanation of an error. */
  reason: string | undefined;
  /** What `headers` gave for the request. */
  sent: Record<string, string>;
}

/**
 * How a session shows who it is. Make your own by implementing it: no inheritance is needed, and
 * what `headers` gives is sent to the session's server only.
 *
 * A `cookie` among the headers stands, in browsers, for the cookies that the browser itself keeps for the
 * server: no page may send one of its own.
 */
export interface Auth {
  /** The headers of the next request. Called for each one; what it throws is what the request fails with. */
  headers(server: AuthServer): Record<string, string> | Promise<Record<string, string>>;
  /**
   * Called with each response. Return true if `headers` has better ones now: the request is sent once more,
   * unless its body was a stream. The request fails with what this throws, unless it was a write that
   * succeeded.
   */
  onResponse?(response: AuthResponse, server: AuthServer): boolean | Promise<boolean>;
  /** Called when the session is closed, to log out. */
  close?(server: AuthServer): void | Promise<void>;
}
