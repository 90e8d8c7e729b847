import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findChromium, launchChromium } from "./chromium.js";
import { findFirefox, launchFirefox } from "./firefox.js";
import { findProgram } from "./programs.js";
import type { Stage } from "./stage.js";
import type { Order } from "./suite.js";

/** The suite under way. */
export interface Running {
  version: string;
  /** Settles when it ends by itself, which before its last result is too early. */
  ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** Where the suite can run. */
export interface Runtime {
  name: string;
  /** What `--runtime` calls it. */
  kind: string;
  /** Whether it, or what drives it, is among this folder's packages. */
  isPackaged: boolean;
  lacks: Order["lacks"];
  /** Where it is on this machine, or undefined. */
  find(): string | undefined;
  /** How it can be had. */
  get: string;
  start(path: string, stage: Stage): Promise<Running>;
}

// Found by the cases that need them: not one of them can be told not to.
const again = "by itself, if a kept connection closes without a byte";
const resends = { "single DELETE": `it sends what has no body again ${again}` };

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** A runtime that is a program, with `ORDER` in its environment. */
function program(kind: string, parameters: string[], details: Partial<Runtime> = {}): Runtime {
  return {
    name: kind,
    kind,
    isPackaged: !process.env[`${kind.toUpperCase()}_PATH`],
    lacks: {},
    find: () => findProgram(kind),
    get: `npm has it for Linux on x64 only: name yours with ${kind.toUpperCase()}_PATH`,
    async start(path, { order }) {
      const { stdout } = await promisify(execFile)(path, ["--version"]);
      const child = spawn(path, parameters, {
        env: { ...process.env, NO_COLOR: "1", ORDER: JSON.stringify(order) },
        stdio: ["ignore", "inherit", "pipe"],
      });
      const said = text(child.stderr);
      const ended = once(child, "exit").then(async ([code]) => {
        if (code) throw new Error(`${path} ended with ${code}:\n${await said}`);
      });
      return {
        version: /\d+[.-]\S*\d/.exec(stdout)?.[0] ?? stdout,
        ended,
        async stop() {
          child.kill("SIGKILL");
          await ended.catch(() => {});
        },
      };
    },
    ...details,
  };
}

interface Browser {
  version(): string | Promise<string>;
  newPage(): Promise<{ goto(url: string): Promise<unknown> }>;
  close(): Promise<void>;
}

/** A runtime that is a page, of another origin than the server. */
function browser(
  kind: string,
  isPackaged: boolean,
  find: Runtime["find"],
  launch: (path: string) => Promise<Browser>,
): Runtime {
  return {
    name: kind,
    kind,
    isPackaged,
    lacks: {
      ...resends,
      "single sending": `it sends a request again ${again}`,
      "any header": "a server allows a page's headers by name, and CouchDB not these by itself",
      "Cookie headers": "a page can neither set Cookie nor read Set-Cookie",
      "streaming upload": "a browser sends no stream over HTTP/1.1",
      "refusals told apart": "a browser does not tell a page why a connection failed",
    },
    find,
    get: `\`npx playwright-core install ${kind}\`, or name yours with ${kind.toUpperCase()}_PATH`,
    async start(path, { url, order }) {
      const { headers } = await fetch(order.server.url, {
        headers: { origin: new URL(url).origin },
      });
      if (!headers.has("access-control-allow-credentials")) {
        order.lacks["cookies across origins"] = "the server takes none from pages of other origins";
      }
      const launched = await launch(path);
      const version = await launched.version();
      await (await launched.newPage()).goto(url);
      // A page that breaks down says nothing: the silence tells.
      const ended = new Promise(() => {});
      return { version: version.replace(/^\D+/, ""), ended, stop: () => launched.close() };
    },
  };
}

const current = process.versions.node.split(".")[0];
const suite = here(".built/program.js");

/** A release of Node that npm has, or the one that this is. */
function node(release: string): Runtime {
  const details = { name: `node ${release}`, kind: "node" };
  const isThis = release === current && { isPackaged: false, find: () => process.execPath };
  return program(`node${release}`, [suite], { ...details, ...isThis });
}

export const runtimes: Runtime[] = [
  ...[...new Set([current ?? "", "22", "24"])].sort().map(node),
  program("deno", ["run", "--allow-net", "--allow-env", "--no-lock", suite], { lacks: resends }),
  program("bun", ["run", suite], { lacks: resends }),
  program("workerd", ["test", here("workerd.capnp")], {
    lacks: {
      ...resends,
      "refusals told apart": "workerd says the same of a refused and a lost connection",
    },
  }),
  browser("chromium", false, findChromium, launchChromium),
  browser("firefox", true, findFirefox, launchFirefox),
];
