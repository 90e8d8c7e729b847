import type { Auth, AuthAnswer, AuthServer } from "./auth.js";

/** Headers that can be used again. */
export interface Kept {
  headers: Record<string, string>;
  /** When they are too old, as `Date.now` has it. */
  until: number;
}

/** What is kept for a server. */
export interface Keeping {
  kept: Kept | undefined;
  asking: Promise<Kept> | undefined;
}

/** Whether an answer says that the server does not know who is asking. */
export function isUnknown({ status, reason, sent }: AuthAnswer): boolean {
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
export function keeping(get: (server: AuthServer) => Promise<Kept>) {
  const all = new WeakMap<AuthServer, Keeping>();
  const of = (server: AuthServer): Keeping => {
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
    answered(answer, server) {
      if (!isUnknown(answer)) return false;
      const mine = of(server);
      // Unless somebody else has got better ones since.
      if (mine.kept?.headers === answer.sent) mine.kept = undefined;
      return true;
    },
  } satisfies Auth & { of: unknown };
}
