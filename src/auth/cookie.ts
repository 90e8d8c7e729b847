import { checkType } from "../shared/arguments.js";
import { InvalidResponseError, UnauthorizedError } from "../shared/errors.js";
import { hidesCookies } from "../shared/runtime.js";
import type { Auth, AuthServer } from "./auth.js";
import {
  type Credentials,
  credentialCache,
  hasUser,
  isMalformed,
  isRejected,
} from "./credential-cache.js";

// Milliseconds. CouchDB locks out a user after five wrong passwords within this time.
const refusalHolds = 300_000;

/**
 * Log in to a CouchDB session. It logs in for the first request and when the session has expired, once for
 * all waiting requests. It uses the renewed cookies that CouchDB sends, and logs out when the session is
 * closed. The password is sent only to log in.
 *
 * ```ts
 * const couch = new CouchDB("http://localhost:5984", { auth: cookie("jan", "secret") });
 * ```
 *
 * In browsers, the browser keeps the cookie: CouchDB must allow credentials (`[cors] credentials = true`) and
 * name your page's origin. In other runtimes, couchfetch keeps it.
 *
 * A rejected password is not sent again for five minutes. CouchDB locks users out after several attempts, and
 * rejects every password if it cannot read its users.
 *
 * @throws TypeError if an argument is not a string; each request throws UnauthorizedError if the password is
 * wrong
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#cookie-authentication
 */
export function cookie(user: string, password: string): Auth;
/**
 * Continue the session whose cookie the browser holds, for example after the page was reloaded.
 *
 * ```ts
 * const couch = new CouchDB(url, { auth: cookie() });
 * const { name } = await couch.checkCredentials();
 * ```
 *
 * @throws TypeError outside browsers, which keep no cookies; each request throws UnauthorizedError if there is no
 * session, or it has expired
 */
export function cookie(): Auth;
export function cookie(...login: [] | [user: string, password: string]): Auth {
  const [name, password] = login;
  const isLogin = login.length > 0;
  if (!isLogin && !hidesCookies)
    throw new TypeError("outside browsers, cookie() needs a user and a password");
  if (isLogin) checkType("user", "string", name);
  if (isLogin) checkType("password", "string", password);
  const refusals = new WeakMap<AuthServer, { error: UnauthorizedError; until: number }>();
  const begin = async (server: AuthServer): Promise<Credentials> => {
    const refusal = refusals.get(server);
    if (refusal && Date.now() < refusal.until) throw refusal.error;
    const method = isLogin ? "POST" : "GET";
    const body = isLogin ? { name, password } : undefined;
    const details = { method, url: `${server.url}/_session` };
    const noSession = () =>
      new UnauthorizedError({ ...details, reason: "the browser has no session: log in" });
    try {
      // Makes a browser send its cookie, and keep that of the response.
      const headers = { cookie: "" };
      const answer = await server.request(method, "_session", { headers, body });
      const kept = cookieOf(answer.headers);
      if (!isLogin && !hasUser(answer)) throw noSession();
      if (!kept && !hidesCookies) {
        const reason = "the server accepted the password but sent no cookie";
        throw new InvalidResponseError({ ...details, status: 200, reason });
      }
      return kept ?? { headers, until: Infinity };
    } catch (error) {
      if (!isLogin) throw isMalformed(`${Object(error).reason}`) ? noSession() : error;
      // A proxy's 401 says nothing about the password.
      if (error instanceof UnauthorizedError && error.error === "unauthorized") {
        refusals.set(server, { error, until: Date.now() + refusalHolds });
      }
      throw error;
    }
  };
  const { of, headers, onResponse } = credentialCache(begin);
  return {
    headers,
    onResponse(answer, server) {
      if (isRejected(answer)) return onResponse(answer, server);
      const renewed = cookieOf(answer.headers);
      if (renewed && of(server).kept) of(server).kept = renewed;
      return false;
    },
    async close(server) {
      const { kept, asking } = of(server);
      of(server).kept = undefined;
      // If a login is pending, a browser may already have the cookie.
      const { headers } = kept ?? { headers: { cookie: "" } };
      if (kept || asking) await server.request("DELETE", "_session", { headers });
    },
  };
}

/** CouchDB's cookie, if the response has one that scripts can read. */
function cookieOf(headers: Headers): Credentials | undefined {
  for (const line of headers.getSetCookie()) {
    const [, value, rest = ""] = /^AuthSession=([^;]+)(.*)/i.exec(line) ?? [];
    if (value === undefined) continue;
    const seconds = Number(/;\s*max-age=(\d+)/i.exec(rest)?.[1] ?? Infinity);
    // Early: CouchDB treats a user with an expired cookie as anonymous, without an error.
    return { headers: { cookie: `AuthSession=${value}` }, until: Date.now() + seconds * 900 };
  }
  return undefined;
}
