import type { Auth, AuthResponse, AuthServer } from "./auth.js";

/** Headers that can be used again. */
export interface Credentials {
  headers: Record<string, string>;
  /** When they are too old, as `Date.now` has it. */
  until: number;
}

/** What is kept for a server. */
export interface CacheEntry {
  kept: Credentials | undefined;
  asking: Promise<Credentials> | undefined;
}

/** Whether an answer says that the server does not know who is asking. */
export function isRejected({ status, reason, sent }: AuthResponse): boolean {
  if (status === 401) return true;
  // The answer to a HEAD gives no reason.
  return status === 400 && (reason ? isMalformed(reason) : sent.cookie !== undefined);
}

/** Whether CouchDB says that it cannot read its cookie. */
export const isMalformed = (reason: string) => /AuthSession cookie/.test(reason);

/**
 * Headers that are got once, for all who wait for them, and kept until they are too old, or the server
 * refuses them. Sessions that share an Auth keep each their own.
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
      // Unless somebody else has got better ones since.
      if (mine.kept?.headers === answer.sent) mine.kept = undefined;
      return true;
    },
  } satisfies Auth & { of: unknown };
}
