import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Running, run } from "./running.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A worker, with its `fetch` and its `scheduled` each behind an address of its own. */
export interface RunningWorker extends Running<unknown> {
  url: string;
  /** Has its cron run once; resolves with the outcome. */
  cron(): Promise<string>;
}

// What only another worker can do.
const caller = `export default {
  fetch: async (_, { WORKER }) =>
    Response.json(await WORKER.scheduled({ cron: "* * * * *", scheduledTime: new Date() })),
};`;

/**
 * Runs a worker as its wrangler.toml has it.
 *
 * @param folder - of the example
 * @param services - the ports of what is behind its bindings
 * @param vars - beside those of the wrangler.toml, or instead of them
 */
export async function runWorker(
  workerd: string,
  folder: string,
  services: Record<string, number>,
  vars: Record<string, string>,
): Promise<RunningWorker> {
  const source = join(root, "examples", folder);
  const toml = readFileSync(join(source, "wrangler.toml"), "utf8");
  const one = (name: string) => new RegExp(`^${name} = "(.+)"`, "m").exec(toml)?.[1] ?? "";
  const [, section = ""] = /^\[vars\]\n((?:(?!\[).*\n)*)/m.exec(toml) ?? [];
  const given = [...section.matchAll(/^(\w+) = "(.+)"/gm)].map(([, name, value]) => [name, value]);
  const bound = [...toml.matchAll(/^binding = "(.+)"/gm)].map(([, name]) => name as string);
  const text = JSON.stringify;

  const temporary = mkdtempSync(join(tmpdir(), "couchfetch-"));
  const remove = () => rmSync(temporary, { recursive: true });
  await build({
    entryPoints: [join(source, one("main"))],
    outfile: join(temporary, "worker.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["couchfetch"],
  });
  copyFileSync(join(root, "dist/index.js"), join(temporary, "couchfetch.js"));
  writeFileSync(join(temporary, "caller.js"), caller);
  const external = bound.map((name) => {
    return `(name = ${text(name)}, external = (address = "127.0.0.1:${services[name]}", http = ())),`;
  });
  const bindings = [
    ...Object.entries({ ...Object.fromEntries(given), ...vars }).map(
      ([name, value]) => `(name = ${text(name)}, text = ${text(value)}),`,
    ),
    ...bound.map((name) => `(name = ${text(name)}, service = ${text(name)}),`),
  ];
  writeFileSync(
    join(temporary, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${external.join("\n    ")}
    (name = "worker", worker = .worker),
    (name = "caller", worker = .caller),
  ],
  sockets = [
    (name = "worker", address = "127.0.0.1:0", http = (), service = "worker"),
    (name = "caller", address = "127.0.0.1:0", http = (), service = "caller"),
  ],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "couchfetch", esModule = embed "couchfetch.js"),
  ],
  bindings = [
    ${bindings.join("\n    ")}
  ],
  compatibilityDate = ${text(one("compatibility_date"))},
);
const caller :Workerd.Worker = (
  modules = [(name = "caller.js", esModule = embed "caller.js")],
  bindings = [(name = "WORKER", service = "worker")],
  compatibilityDate = ${text(one("compatibility_date"))},
  compatibilityFlags = ["service_binding_extra_handlers"],
);
`,
  );
  // The flag is for the caller, which sends a worker what only Cloudflare's cron does.
  const args = ["serve", "--experimental", "--control-fd=1", join(temporary, "config.capnp")];
  const portIn = (said: string, socket: string) => {
    return new RegExp(`"socket":"${socket}","port":(\\d+)`).exec(said)?.[1];
  };
  const running = await run(workerd, args, process.env, (said) => {
    const [worker, caller] = ["worker", "caller"].map((socket) => portIn(said, socket));
    return worker && caller ? [worker, caller] : undefined;
  }).catch((error) => {
    remove();
    throw error;
  });
  const [url = "", cron = ""] = running.ready.map((port) => `http://127.0.0.1:${port}`);
  return {
    ...running,
    url,
    cron: async () => ((await (await fetch(cron)).json()) as { outcome: string }).outcome,
    async stop() {
      await running.stop();
      remove();
    },
  };
}
