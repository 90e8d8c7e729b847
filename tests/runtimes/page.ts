/** The suite in a page. */

import { run } from "./suite.js";

await run(await (await fetch("/order")).json());
