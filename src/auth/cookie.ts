import { checkType } from "../shared/arguments.js";
import { UnauthorizedError } from "../shared/errors.js";
import { hidesCookies } from "../shared/runtime.js";
import type { Auth, AuthServer } from "./auth.js";
import { type Credentials, credentialCache, isRejected } from "./credential-cache.js";

// Milliseconds. CouchDB locks out who is refused five times within these.
const refusalHolds = 300_000;

/**
 * A session of CouchDB's: logs in when the first request is made, and again when it has expired, once for
 * all requests that wait; takes the renewed cookies that CouchDB sends; logs out when the session is
 * closed. The password is sent to log in, and never else.
 *
 * Outside browsers the cookie is kept here. In browsers it is the browser that keeps it: CouchDB must allow
 * credentials (`[cors] credentials = true`) and name your page's origin.
 *
 * A password that was refused is not tried again for five minutes: who is refused too often is locked out, but
 * a server that cannot read its users refuses everybody.
 *
 * @throws TypeError for what are no strings; each request UnauthorizedError, for a wrong password
 * @see https://docs.couchdb.org/en/stable/api/server/authn.html#cookie-authentication
 */
export function cookie(user: string, password: string): Auth {
  checkType("user", "string", user);
  checkType("password", "string", password);
  const refusals = new WeakMap<AuthServer, { error: UnauthorizedError; until: number }>();
  const logIn = async (server: AuthServer): Promise<Credentials> => {
    const refusal = refusals.get(server);
    if (refusal && Date.now() < refusal.until) throw refusal.error;
    try {
      const body = { name: user, password };
      // No cookie: but the browser's own, so that it keeps the one that comes.
      const headers = { cookie: "" };
      const answer = await server.request("POST", "_session", { headers, body });
      const kept = cookieOf(answer.headers);
      if (!kept && !hidesCookies)
        throw new TypeError("the server accepted the password but sent no cookie");
      return kept ?? { headers, until: Infinity };
    } catch (error) {
      // A gateway's word says nothing of the password.
      if (error instanceof UnauthorizedError && error.error === "unauthorized") {
        refusals.set(server, { error, until: Date.now() + refusalHolds });
      }
      throw error;
    }
  };
  const { of, headers, onResponse } = credentialCache(logIn);
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
      // Of a login under way, a browser may have the cookie already.
      const { headers } = kept ?? { headers: { cookie: "" } };
      if (kept || asking) await server.request("DELETE", "_session", { headers });
    },
  };
}

/** CouchDB's cookie, if one has come that can be seen. */
function cookieOf(headers: Headers): Credentials | undefined {
  for (const line of headers.getSetCookie()) {
    const [, value, rest = ""] = /^AuthSession=([^;]+)(.*)/i.exec(line) ?? [];
    if (value === undefined) continue;
    const seconds = Number(/;\s*max-age=(\d+)/i.exec(rest)?.[1] ?? Infinity);
    // Not at the last moment: CouchDB takes who has an old cookie for nobody, and answers that one.
    return { headers: { cookie: `AuthSession=${value}` }, until: Date.now() + seconds * 900 };
  }
  return undefined;
}
