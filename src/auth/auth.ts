/** The server that a session authenticates to. */
export interface AuthServer {
  /** The server's URL, without credentials and without a trailing slash. */
  readonly url: string;
  /** Milliseconds that a request waits for `headers`: the session's timeout. */
  readonly timeout: number;
  /**
   * Send a request with the session's fetch, timeout and errors, but without its Auth. `body` is sent as
   * JSON.
   *
   * @throws CouchDBError if the response is not successful
   */
  request(
    method: "GET" | "POST" | "DELETE",
    path: string,
    details?: { headers?: Record<string, string>; body?: unknown },
  ): Promise<{ headers: Headers; value: unknown }>;
}

/** A response, as an Auth sees it. */
export interface AuthResponse {
  status: number;
  headers: Headers;
  /** CouchDB's explanation of an error. */
  reason: string | undefined;
  /** The headers that `headers` returned for the request. */
  sent: Record<string, string>;
}

/**
 * The authentication of a session. You can implement your own; there is no base class. The headers are sent
 * to the session's server only.
 *
 * ```ts
 * const auth: Auth = { headers: () => ({ "x-api-key": key }) };
 * ```
 *
 * In browsers, a `cookie` header stands for the browser's own cookies for the server: scripts cannot set that
 * header.
 */
export interface Auth {
  /**
   * Return the headers of the next request, which fails with what this throws, and with a TimeoutError if this
   * takes longer than the session's timeout. Called for each request.
   */
  headers(server: AuthServer): Record<string, string> | Promise<Record<string, string>>;
  /**
   * Called with each response. Return true if `headers` has better ones now: the request is then sent once
   * more, unless its body was a stream. The request fails with what this throws, unless it was a write that
   * succeeded.
   */
  onResponse?(response: AuthResponse, server: AuthServer): boolean | Promise<boolean>;
  /** Called when the session is closed, to log out. */
  close?(server: AuthServer): void | Promise<void>;
}
