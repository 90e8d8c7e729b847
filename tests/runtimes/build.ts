import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Makes a file each of `program.ts`, `worker.ts` and `page.ts`, which imports the files of `dist` and
 * nothing else: the very bytes that users get are what every runtime runs.
 */
export async function buildSuites(): Promise<void> {
  await build({
    entryPoints: ["program", "worker", "page"].map((name) => path(`${name}.ts`)),
    outdir: path(".built"),
    bundle: true,
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    plugins: [
      {
        name: "dist as it is",
        setup: ({ onResolve }) => {
          const asItIs = (file: string) => ({ path: `../../../dist/${file}`, external: true });
          onResolve({ filter: /^couchfetch$/ }, () => asItIs("index.js"));
          for (const entry of ["admin", "live", "schema", "tanstack-db", "transfer"])
            onResolve({ filter: new RegExp(`^couchfetch/${entry}$`) }, () => asItIs(`${entry}.js`));
        },
      },
    ],
  });
}
