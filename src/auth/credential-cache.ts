import type { Auth, AuthResponse, AuthServer } from "./auth.js";

/** Headers to use for several requests. */
export interface Credentials {
  headers: Record<string, string>;
  /** When they expire, as a `Date.now()` timestamp. */
  until: number;
}

/** The credentials for a server. */
export interface CacheEntry {
  kept: Credentials | undefined;
  asking: Promise<Credentials> | undefined;
  /** Whether the server knows the user of the kept credentials, while that is requested. */
  checking: Promise<boolean> | undefined;
}

// CouchDB's reason for anonymous users only. All other reasons may be about what a known user may do.
const anonymous = "You are not authorized to access this db.";

/** Whether a response rejects the credentials. */
export function isRejected({ status, reason }: AuthResponse): boolean {
  // The response to a HEAD request has no reason.
  return status === 401 || (status === 400 && (!reason || isMalformed(reason)));
}

/** Whether CouchDB reports that it cannot read its cookie, or verify a token. */
export const isMalformed = (reason: string) =>
  /AuthSession cookie|Bad (HMAC|signature)|Unknown k(id|ty)|Malformed.* token/.test(reason);

/**
 * Keep headers until they expire or the server rejects them. They are requested once for all waiting
 * requests. Sessions that share an Auth have separate headers.
 */
export function credentialCache(get: (server: AuthServer) => Promise<Credentials>) {
  const all = new WeakMap<AuthServer, CacheEntry>();
  const of = (server: AuthServer): CacheEntry => {
    const known = all.get(server) ?? { kept: undefined, asking: undefined, checking: undefined };
    all.set(server, known);
    return known;
  };
  const ask = (mine: CacheEntry, server: AuthServer) => {
    const drop = () => {
      clearTimeout(timer);
      if (mine.asking === asking) mine.asking = undefined;
    };
    // Later requests must not wait for a promise that never settles.
    const timer = setTimeout(drop, server.timeout);
    const asking = get(server)
      .then((kept) => {
        if (mine.asking === asking) mine.kept = kept;
        return kept;
      })
      .finally(drop);
    return asking;
  };
  return {
    of,
    async headers(server) {
      const mine = of(server);
      if (mine.kept && Date.now() < mine.kept.until) return mine.kept.headers;
      mine.asking ??= ask(mine, server);
      return (await mine.asking).headers;
    },
    async onResponse(response, server) {
      if (!isRejected(response)) return false;
      const mine = of(server);
      const { status, reason, sent } = response;
      // Otherwise another request has renewed them meanwhile.
      const isKept = () => mine.kept?.headers === sent;
      if (status === 401 && reason !== anonymous && isKept()) {
        mine.checking ??= isKnown(server, sent).finally(() => {
          mine.checking = undefined;
        });
        if (await mine.checking) return false;
      }
      if (isKept()) mine.kept = undefined;
      return true;
    },
  } satisfies Auth & { of: unknown };
}

/** Whether a response of `_session` names a user. */
export function hasUser({ value }: { value: unknown }): boolean {
  return typeof Object(Object(value).userCtx).name === "string";
}

/** Whether the server knows the user: then a 401 is about what the user may do, such as a validation function's. */
async function isKnown(server: AuthServer, headers: Record<string, string>): Promise<boolean> {
  try {
    return hasUser(await server.request("GET", "_session", { headers }));
  } catch {
    return false;
  }
}
