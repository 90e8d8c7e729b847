/** The suite as a program, in Node, Deno and Bun. */

import { run } from "./suite.js";

await run(JSON.parse(process.env.ORDER ?? ""));
process.exit(); // whatever a case has left behind
