import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What an application has to import of each. */
const imports: Record<string, string> = {
  nano: `import nano from "nano"; console.log(nano);`,
  PouchDB: `import PouchDB from "pouchdb-core"; import http from "pouchdb-adapter-http"; console.log(PouchDB.plugin(http));`,
  "Cloudant SDK": `import { CloudantV1 } from "@ibm-cloud/cloudant"; console.log(CloudantV1);`,
};

/** kB of each peer, bundled, minified and gzipped: for browsers, where it can be there, or else for Node. */
export async function peerSizes(): Promise<Record<string, string>> {
  const sizes = Object.entries(imports).map(async ([name, contents]) => {
    const weigh = async (platform: "browser" | "node") => {
      const { outputFiles } = await build({
        stdin: { contents, resolveDir: fileURLToPath(new URL("./", import.meta.url)) },
        ...{
          bundle: true,
          minify: true,
          write: false,
          format: "esm",
          logLevel: "silent",
          platform,
        },
      });
      return (gzipSync(outputFiles?.[0]?.contents ?? "", { level: 9 }).length / 1000).toFixed(1);
    };
    const inNode = async () => `${await weigh("node")} kB, Node only`;
    const size = weigh("browser").then((kilobytes) => `${kilobytes} kB`, inNode);
    return [name, await size] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}
