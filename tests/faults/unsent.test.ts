import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { CouchDB, NetworkError } from "couchfetch";
import { afterEach, describe, expect, test } from "vitest";
import { type Answering, json, startAnswering } from "./answering.js";
import { type FaultProxy, startProxy } from "./proxy.js";

let server: Answering | FaultProxy | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Thrown {
  message: string;
  code?: string;
  errors?: Thrown[];
}

const errorOf = ({ message, code, errors }: Thrown): Error => {
  const error = errors ? new AggregateError(errors.map(errorOf)) : new Error(message);
  return Object.assign(error, code && { code });
};

/** What Node throws: the reason is the cause. */
const inNode = (thrown: Thrown) => new TypeError("fetch failed", { cause: errorOf(thrown) });

/** What Bun throws. */
const inBun = (code: string, message: string) =>
  Object.assign(new TypeError(`${code}: ${message}`), { code });

const unable = "Unable to connect. Is the computer able to access the url?";

/** What Deno throws. */
const inDeno = (reason: string) =>
  inNode({ message: `error sending request for url (https://localhost/): client error ${reason}` });

const address = "127.0.0.1:5984";

/** What Node 20 and 22, Bun 1.4 and Deno 2.9 threw when there was no connection, or as they document it. */
const unsent: Error[] = [
  inNode({ code: "ECONNREFUSED", message: `connect ECONNREFUSED ${address}` }),
  inNode({ code: "EHOSTUNREACH", message: "connect EHOSTUNREACH 2001:db8::1:80" }),
  inNode({ code: "ENETUNREACH", message: "connect ENETUNREACH 2001:db8::1:80 - Local (:::0)" }),
  inNode({ code: "EADDRNOTAVAIL", message: `connect EADDRNOTAVAIL ${address}` }),
  inNode({ code: "ETIMEDOUT", message: `connect ETIMEDOUT ${address}` }),
  inNode({ code: "EMFILE", message: `connect EMFILE ${address} - Local (undefined:undefined)` }),
  inNode({ code: "ENFILE", message: `connect ENFILE ${address} - Local (undefined:undefined)` }),
  inNode({ code: "ENOTFOUND", message: "getaddrinfo ENOTFOUND no-such-host.invalid" }),
  inNode({ code: "EAI_AGAIN", message: "getaddrinfo EAI_AGAIN no-such-host.invalid" }),
  inNode({
    code: "EHOSTUNREACH",
    message: "",
    errors: [
      { code: "EHOSTUNREACH", message: "connect EHOSTUNREACH 2001:db8::1:80" },
      { code: "ETIMEDOUT", message: "connect ETIMEDOUT 192.0.2.1:80" },
    ],
  }),
  inNode({
    code: "UND_ERR_CONNECT_TIMEOUT",
    message: `Connect Timeout Error (attempted address: ${address}, timeout: 10000ms)`,
  }),
  inNode({ code: "DEPTH_ZERO_SELF_SIGNED_CERT", message: "self-signed certificate" }),
  inNode({ code: "SELF_SIGNED_CERT_IN_CHAIN", message: "self-signed certificate in chain" }),
  inNode({ code: "CERT_HAS_EXPIRED", message: "certificate has expired" }),
  inNode({ code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE", message: "unable to verify" }),
  inNode({ code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", message: "unable to get issuer" }),
  inNode({ code: "ERR_TLS_CERT_ALTNAME_INVALID", message: "Hostname/IP does not match" }),
  inNode({ code: "ERR_SSL_WRONG_VERSION_NUMBER", message: "wrong version number" }),
  inNode({
    code: "ECONNRESET",
    message: "Client network socket disconnected before secure TLS connection was established",
  }),
  inNode({ message: "bad port" }),
  inBun("ECONNREFUSED", unable),
  inBun("EHOSTUNREACH", unable),
  inBun("EMFILE", "Was there a typo in the url or port?"),
  Object.assign(new TypeError(unable), { code: "ConnectionRefused" }),
  inBun("EPROTO", "The TLS handshake failed. Does the server speak TLS on this port?"),
  Object.assign(new TypeError("self signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
  Object.assign(new TypeError("getaddrinfo ENOTFOUND a.invalid"), { code: "ENOTFOUND" }),
  inDeno("(Connect): tcp connect error: Connection refused (os error 111)"),
  inDeno("(Connect): tcp connect error: No route to host (os error 113)"),
  inDeno("(Connect): tcp open error: Too many open files (os error 24)"),
  inDeno("(Connect): invalid peer certificate: UnknownIssuer"),
  inDeno("(Connect): dns error: failed to lookup address information"),
];

/** What they throw when the request may have been sent. */
const uncertain: Error[] = [
  inNode({ code: "ECONNRESET", message: "read ECONNRESET" }),
  inNode({ code: "EPIPE", message: "write EPIPE" }),
  inNode({ code: "ETIMEDOUT", message: "read ETIMEDOUT" }),
  inNode({ code: "EHOSTUNREACH", message: "read EHOSTUNREACH" }),
  inNode({ code: "UND_ERR_SOCKET", message: "other side closed" }),
  inNode({
    code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
    message: "tlsv13 alert certificate required",
  }),
  inNode({ message: "Connection reset by peer (os error 104)" }),
  inBun("ECONNRESET", "The socket connection was closed unexpectedly."),
  inDeno("(SendRequest): connection closed before message completed"),
  new Error("Network connection lost."),
  new TypeError("Failed to fetch"),
  new TypeError("NetworkError when attempting to fetch resource."),
  // What a URL contains says nothing.
  inNode({ message: "https://localhost/EMFILE/CERT: terminated" }),
];

const nameOf = (error: Error) => `${error.message}: ${error.cause ?? ""}`;

test("the message names the reason, that of the first address if there are several", async () => {
  const errors = [{ message: "connect ECONNREFUSED ::1:5984" }, { message: "connect ENETUNREACH" }];
  const reasons = {
    "connect ECONNREFUSED ::1:5984": inNode({ code: "ECONNREFUSED", message: "", errors }),
    "certificate has expired": inNode({
      code: "CERT_HAS_EXPIRED",
      message: "certificate has expired",
    }),
    "client error (Connect)": inDeno("(Connect)"),
    [`ConnectionRefused: ${unable}`]: inBun("ConnectionRefused", unable),
  };
  for (const [reason, thrown] of Object.entries(reasons)) {
    const couch = new CouchDB("http://localhost", {
      fetch: () => Promise.reject(thrown),
      retry: { limit: 0 },
    });
    await expect(couch.info()).rejects.toThrow(
      `GET http://localhost/: the connection failed: ${reason}`,
    );
  }
});

describe("a write that never left", () => {
  test.each(unsent.map((error) => [nameOf(error), error] as const))(
    "has not happened, and is retried: %s",
    async (_, thrown) => {
      let requests = 0;
      const fetch = async () => {
        requests += 1;
        throw thrown;
      };
      const couch = new CouchDB("https://localhost", { fetch, retry: { limit: 1 } });
      const saved = couch.database("animals").document("cat", {}).save();
      await expect(saved).rejects.toMatchObject({ name: "NetworkError", mayHaveHappened: false });
      await expect(saved).rejects.toMatchObject({ cause: thrown });
      expect(requests).toBe(2);
    },
  );

  test("is saved when the connection stands", async () => {
    const thrown = [...unsent];
    const fetch = async () => {
      const error = thrown.pop();
      if (error) throw error;
      return Response.json({ ok: true, id: "cat", rev: "1-a" }, { status: 201 });
    };
    const random = Math.random;
    // No wait between the attempts.
    Math.random = () => 0;
    try {
      const couch = new CouchDB("https://localhost", { fetch, retry: { limit: unsent.length } });
      const cat = couch.database("animals").document("cat", {});
      await cat.save();
      expect(cat.rev).toBe("1-a");
    } finally {
      Math.random = random;
    }
  });
});

test.each(uncertain.map((error) => [nameOf(error), error] as const))(
  "a write that may have left is not retried: %s",
  async (_, thrown) => {
    let writes = 0;
    const fetch = async ({ method }: Request) => {
      if (method === "PUT") writes += 1;
      throw thrown;
    };
    const couch = new CouchDB("https://localhost", { fetch, retry: { limit: 1 } });
    const saved = couch.database("animals").document("cat", {}).save();
    await expect(saved).rejects.toMatchObject({ name: "NetworkError", mayHaveHappened: true });
    expect(writes).toBe(1);
  },
);

describe("in this Node", () => {
  const failures: Record<string, () => Promise<string>> = {
    "a refused certificate": async () => {
      server = await startProxy("http://127.0.0.1:1", () => undefined, true);
      return server.url;
    },
    "HTTPS of a server that speaks HTTP": async () => {
      server = await startAnswering((response) => json(response, 201, {}));
      return server.url.replace("http", "https");
    },
    "an unknown host": async () => "http://no-such-host.invalid",
    "a refused connection": async () => {
      const { url, close } = await startAnswering(() => {});
      await close();
      return url;
    },
    "a connection that ends in the handshake": async () => {
      const deaf = createServer((socket) => void socket.destroy()).listen(0, "127.0.0.1");
      await new Promise((resolve) => deaf.once("listening", resolve));
      server = { close: async () => void deaf.close() } as Answering;
      return `https://127.0.0.1:${(deaf.address() as { port: number }).port}`;
    },
    "a port that fetch refuses": async () => "http://127.0.0.1:6000",
  };

  test.each(Object.entries(failures))("%s has not happened", async (_, begin) => {
    const couch = new CouchDB(await begin(), { retry: { limit: 0 } });
    const error = await couch.create("animals").then(undefined, (reason: NetworkError) => reason);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ mayHaveHappened: false });
  });

  test("of many writes with few file descriptors, none is unknown", async () => {
    const seen = new Set<string>();
    server = await startAnswering((response, _before, { url = "" }) => {
      seen.add(url);
      json(response, 201, { ok: true, id: "a", rev: "1-a" });
    });
    const library = new URL("../../dist/index.js", import.meta.url);
    const program = `
      import { CouchDB } from ${JSON.stringify(library)};
      const db = new CouchDB("${server.url}", { retry: { limit: 0 } }).database("animals");
      const saves = Array.from({ length: 300 }, (_, n) => db.document("doc-" + n, {}).save());
      const settled = await Promise.allSettled(saves);
      console.log(JSON.stringify(settled.map(({ reason }) => reason?.mayHaveHappened ?? "saved")));
      process.exit();
    `;
    const node = [process.execPath, "--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)("sh", [
      "-c",
      'ulimit -n 64; exec "$@"',
      "-",
      ...node,
    ]);
    const outcomes = JSON.parse(stdout) as (boolean | "saved")[];
    const count = (wanted: boolean | "saved") => outcomes.filter((each) => each === wanted).length;
    expect(count(true)).toBe(0);
    expect(count(false)).toBeGreaterThan(0);
    expect(count("saved")).toBe(seen.size);
  });
});
