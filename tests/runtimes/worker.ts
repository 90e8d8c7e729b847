/** The suite as a test of a worker. */

import { run } from "./suite.js";

export default {
  test: (_controller: unknown, { ORDER }: { ORDER: string }) => run(JSON.parse(ORDER)),
};
