import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { authenticate } from "./auth.js";
import type { Context } from "./context.js";
import { cors } from "./cors.js";
import { badRequest, CouchError, noDatabase } from "./errors.js";
import { ClientGone, location, prepare, sendError } from "./http.js";
import { Instance } from "./instance.js";
import { routes } from "./routes.js";
import { findHandler, inDatabase, redirectOf, splitPath } from "./routing.js";

export interface ServerOptions {
  host?: string;
  /** 0, the default, takes any that is free. */
  port?: number;
  user?: string;
  password?: string;
  cors?: { origins: string[]; credentials: boolean };
  /** Databases to create at the start. */
  databases?: string[];
  /** Signs session cookies, tokens and what a proxy says. Default: a random one. */
  secret?: string;
  /** How long a session cookie lasts. Default: 600. */
  sessionSeconds?: number;
}

interface SeenRequest {
  method: string;
  /** With its query, as it was sent. */
  path: string;
}

export interface EmbeddedServer {
  /** Without credentials. */
  readonly url: string;
  readonly port: number;
  /** How many requests are being answered, live feeds among them. */
  openRequests(): number;
  /** Resolves when a client has hung up on such a request before its answer was complete. */
  closed(predicate: (request: SeenRequest) => boolean): Promise<void>;
  /** Hangs up on everybody and listens no more, as if it were killed; what it has stays. */
  stop(): Promise<void>;
  /** Listens again, where it did. */
  start(): Promise<void>;
  /** Hangs up on everybody and forgets everything. */
  close(): Promise<void>;
}

/** The requests on which clients hung up, and those who wait for one. */
class HangUps {
  readonly #seen: SeenRequest[] = [];
  readonly #waiting = new Set<(request: SeenRequest) => void>();

  add(request: SeenRequest): void {
    this.#seen.push(request);
    for (const check of this.#waiting) check(request);
  }

  until(predicate: (request: SeenRequest) => boolean): Promise<void> {
    if (this.#seen.some(predicate)) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (request: SeenRequest) => {
        if (!predicate(request)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }
}

// The first line of a request. CouchDB refuses a longer one before it looks at anything else.
const longestLine = 8190;

async function answer(instance: Instance, request: IncomingMessage, response: ServerResponse) {
  const { method = "GET", url = "/" } = request;
  if (`${method} ${url} HTTP/1.1`.length > longestLine) {
    response.writeHead(400, { Connection: "close", "Content-Length": "0" }).end();
    return;
  }
  if (cors(instance, request, response)) return;
  const [path = "/", query = ""] = url.split(/\?(.*)/s);
  const context: Context = {
    instance,
    request,
    response,
    params: {},
    query: new URLSearchParams(query),
    user: { name: null, roles: [] },
  };
  try {
    if (/%(?![0-9a-f]{2})/i.test(url)) throw badRequest("invalid_url_encoding");
    const { cookie, ...identity } = await authenticate(instance, request);
    Object.assign(context, identity);
    if (cookie !== undefined) response.setHeader("Set-Cookie", cookie);
    const segments = splitPath(path);
    const target = redirectOf(method, url);
    const { handler, params } =
      target === undefined
        ? findHandler(routes, method, segments)
        : { handler: inDatabase(redirectTo(target)), params: { db: segments[0] ?? "" } };
    await handler({ ...context, params });
  } catch (error) {
    fail(context, error, splitPath(path)[0]);
  }
}

const redirectTo = (target: string) => (context: Context) => {
  const headers = { Location: location(context, target), "Content-Length": "0" };
  context.response.writeHead(301, headers).end();
};

/** An answer that has begun can only be cut off; else the client is told what went wrong. */
function fail(context: Context, error: unknown, database: string | undefined): void {
  const { instance, response } = context;
  if (error instanceof ClientGone || response.headersSent) {
    response.destroy();
  } else if (error instanceof CouchError) {
    sendError(context, error);
  } else if (database !== undefined && instance.find(database) === undefined) {
    sendError(context, noDatabase()); // It was deleted meanwhile.
  } else {
    console.error(error);
    sendError(context, new CouchError(500, "unknown_error", String(error)));
  }
}

/** Starts a CouchDB in this process, which keeps its databases in memory. */
export async function startServer(options: ServerOptions = {}): Promise<EmbeddedServer> {
  const { host = "127.0.0.1", port = 0, user = "admin", password = "secret" } = options;
  const { secret = randomBytes(16).toString("hex"), sessionSeconds = 600 } = options;
  const corsOptions = options.cors ?? { origins: ["*"], credentials: false };
  const instance = new Instance({ user, password, cors: corsOptions, secret, sessionSeconds });
  for (const name of new Set(options.databases)) {
    if (!instance.find(name)) instance.create(name, { q: 2, n: 1, partitioned: false });
  }
  const hangUps = new HangUps();
  let open = 0;

  const server = createServer({ maxHeaderSize: 2 ** 20 }, (request, response) => {
    open++;
    prepare(response);
    response.once("close", () => {
      open--;
      const { method = "GET", url: path = "/" } = request;
      if (!response.writableFinished) hangUps.add({ method, path });
    });
    void answer(instance, request, response);
  });
  server.keepAliveTimeout = 60_000;
  const start = async (at: number) => {
    server.listen(at, host);
    await once(server, "listening");
  };
  const stop = async () => {
    const stopped = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await stopped;
  };
  await start(port);
  const address = server.address() as AddressInfo;

  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    openRequests: () => open,
    closed: (predicate) => hangUps.until(predicate),
    stop,
    start: () => start(address.port),
    close: async () => {
      await stop();
      await instance.close();
    },
  };
}
