import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // What users install is the built file: the suites that speak as users do import that one.
    alias: {
      "couchfetch/admin": new URL("dist/admin.js", import.meta.url).pathname,
      "couchfetch/schema": new URL("dist/schema.js", import.meta.url).pathname,
      "couchfetch/live": new URL("dist/live.js", import.meta.url).pathname,
      "couchfetch/tanstack-db": new URL("dist/tanstack-db.js", import.meta.url).pathname,
      "couchfetch/transfer": new URL("dist/transfer.js", import.meta.url).pathname,
      couchfetch: new URL("dist/index.js", import.meta.url).pathname,
    },
    testTimeout: 20_000,
    // Most of the time goes to waiting: a machine of two cores has room for two.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
