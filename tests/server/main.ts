/** The command `npm run server`. */

import { parseArgs } from "node:util";
import { CouchError } from "./errors.js";

const usage = `Usage: npm run server -- [options]

Start an embedded CouchDB for tests and demos. It keeps its databases in memory.

Options:
  --port <number>      the port; 0 takes a free one (default: 5984)
  --host <address>     the address to listen on (default: 127.0.0.1)
  --user <name>        the administrator's name (default: admin)
  --password <text>    the administrator's password (default: secret)
  --database <name>    create this database at the start; repeatable
  --cors-credentials   let pages of other origins send cookies
  --help               print this text

Pages of all origins may send requests. Change that in the configuration: see docs/cors.md.`;

function optionsOf(parameters: string[]) {
  const { values } = parseArgs({
    args: parameters,
    options: {
      port: { type: "string", default: "5984" },
      host: { type: "string", default: "127.0.0.1" },
      user: { type: "string", default: "admin" },
      password: { type: "string", default: "secret" },
      database: { type: "string", multiple: true, default: [] },
      "cors-credentials": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { host, user, password, database: databases, help } = values;
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new RangeError(`--port must be a number from 0 to 65535, got "${values.port}"`);
  }
  if (user === "" || user.includes(":")) {
    throw new RangeError(`--user must be a name without a colon, got "${user}"`);
  }
  if (password === "") throw new RangeError("--password must not be empty");
  const cors = { origins: ["*"], credentials: values["cors-credentials"] };
  return { host, port, user, password, databases, cors, help };
}

/** One line about what was wrong; undefined for a fault of the server's own. */
function reasonOf(error: unknown): string | undefined {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof RangeError) return message;
  if (error instanceof CouchError) {
    // CouchDB's reason begins with the name.
    const [name] = /'.*'/s.exec(String(error.reason)) ?? [];
    return `--database must be of a-z, 0-9 and _$()+-/, and begin with a letter, got ${name}`;
  }
  if (code?.startsWith("ERR_PARSE_ARGS_")) {
    const [, option] = /^Option '(\S+).*(?:missing|ambiguous)/.exec(message) ?? [];
    // Node adds advice after the first sentence.
    return option ? `${option.replace(/'$/, "")} needs a value` : message.split(/[.\n] ?/)[0];
  }
  if (code === "EADDRINUSE") return `${message.split(" ").at(-1)} is taken, pass another --port`;
  return syscall && code ? `cannot listen: ${message}` : undefined;
}

async function main(): Promise<void> {
  const { help, ...options } = optionsOf(process.argv.slice(2));
  if (help) {
    console.log(usage);
    return;
  }
  // Loaded only now, as it takes most of a second.
  const { startServer } = await import("./server.js");
  const server = await startServer(options);
  const { user, password } = options;
  console.log(`An embedded CouchDB listens at ${server.url} (user ${user}, password ${password}).`);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.close());
}

main().catch((error) => {
  const reason = reasonOf(error);
  if (!reason) throw error;
  console.error(`server: ${reason}; see "npm run server -- --help"`);
  process.exitCode = 1;
});
