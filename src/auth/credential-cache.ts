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
}

/** Whether a response rejects the credentials. */
export function isRejected({ status, reason, sent }: AuthResponse): boolean {
  if (status === 401) return true;
  // The response to a HEAD request has no reason.
  return status === 400 && (reason ? isMalformed(reason) : sent.cookie !== undefined);
}

/** Whether CouchDB reports that it cannot read its cookie. */
export const isMalformed = (reason: string) => /AuthSession cookie/.test(reason);

/**
 * Keep headers until they expire or the server rejects them. They are requested once for all waiting
 * requests. Sessions that share an Auth have separate headers.
 */
export function credentialCache(get: (server: AuthServer) => Promise<Credentials>) {
  const all = new WeakMap<AuthServer, CacheEntry>();
  const of = (server: AuthServer): CacheEntry => {
    const known = all.get(server) ?? { kept: undefined, asking: undefined };
    all.set(server, known);
    return known;
  };
  return {
    of,
    async headers(server) {
      const mine = of(server);
      if (mine.kept && Date.now() < mine.kept.until) return mine.kept.headers;
      mine.asking ??= get(server)
        .then((kept) => {
          mine.kept = kept;
          return kept;
        })
        .finally(() => {
          mine.asking = undefined;
        });
      return (await mine.asking).headers;
    },
    onResponse(answer, server) {
      if (!isRejected(answer)) return false;
      const mine = of(server);
      // Unless another request has renewed them meanwhile.
      if (mine.kept?.headers === answer.sent) mine.kept = undefined;
      return true;
    },
  } satisfies Auth & { of: unknown };
}
