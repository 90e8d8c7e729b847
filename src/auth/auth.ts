/**
 * How a session shows who it is. Make your own by implementing it: no inheritance is needed, and
 * what `headers` gives is sent to the session's server only.
 */
export interface Auth {
  /** The headers of the next request. Called for each one. */
  headers(): Record<string, string> | Promise<Record<string, string>>;
}
