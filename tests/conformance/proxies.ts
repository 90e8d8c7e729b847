import { assert } from "chai";
import { basic, CouchDB, type CouchDBOptions, type Database } from "couchfetch";
import type { Break, Fault } from "../faults/proxy.js";
import type { Context } from "./case.js";

/** What goes wrong with requests. Plain data: where a case runs, no server can be started. */
export interface Rule {
  /** A regular expression, for the method and the path: `^GET .*_changes`. */
  of: string;
  /** How many requests; all, if not given. */
  times?: number;
  /** How many must have come before the first is answered: 1, if not given. */
  together?: number;
  fault: Fault;
}

/** An answer in the server's stead. */
export function answer(status: number, body: string, headers: Record<string, string> = {}): Fault {
  return { answer: { status, headers: { "content-type": "application/json", ...headers }, body } };
}

/** What a proxy is told to do, over HTTP. */
export type Order =
  | { start: Rule[]; isSecure?: boolean }
  | { status: true }
  | { breakOff: Break }
  | { goOn: true }
  | { refuse: boolean }
  | { close: true };

export interface ProxyStatus {
  /** Each request, in order: `GET /animals/_changes?since=1`. */
  requests: string[];
  /** The headers of each, by their names in lower case. */
  headers: Record<string, string>[];
  /** Those that are not answered whole: how many bytes of each body have gone out. */
  underWay: number[];
}

/** A fault proxy before the server, somewhere else. */
export interface RemoteProxy {
  url: string;
  /** A session through it, with all rights, and the case's database in that. */
  couch: CouchDB;
  db: Database;
  status(): Promise<ProxyStatus>;
  /** Breaks off all answers under way. */
  breakOff(how: Break): Promise<void>;
  /** Has answers that wait go on. */
  goOn(): Promise<void>;
  /** Refuses connections, and hangs up on those there are; or takes them again. */
  refuse(isRefused: boolean): Promise<void>;
}

/**
 * Works through a proxy of the case's own.
 *
 * @param isSecure - whether it speaks HTTPS, with a certificate that nobody trusts
 */
export async function throughProxy(
  { proxies, db, user, password }: Context,
  rules: Rule[],
  work: (proxy: RemoteProxy) => Promise<void>,
  options: CouchDBOptions = {},
  isSecure = false,
): Promise<void> {
  const order = async <R>(body: { proxy?: string; order: Order }): Promise<R> => {
    const response = await fetch(proxies, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  };
  const { url } = await order<{ url: string }>({ order: { start: rules, isSecure } });
  const tell = (told: Order) => order<ProxyStatus>({ proxy: url, order: told });
  const couch = new CouchDB(url, { auth: basic(user, password), ...options });
  try {
    await work({
      url,
      couch,
      db: couch.database(db.id),
      status: () => tell({ status: true }),
      breakOff: async (how) => void (await tell({ breakOff: how })),
      goOn: async () => void (await tell({ goOn: true })),
      refuse: async (isRefused) => void (await tell({ refuse: isRefused })),
    });
  } finally {
    await couch.close();
    await tell({ close: true });
  }
}
