import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What an application has to import of each. */
const imports: Record<string, string> = {
  nano: `import nano from "nano"; console.log(nano);`,
  PouchDB: `import PouchDB from "pouchdb-core"; import http from "pouchdb-adapter-http"; console.log(PouchDB.plugin(http));`,
  "Cloudant SDK": `import { CloudantV1 } from "@ibm-cloud/cloudant"; console.log(CloudantV1);`,
};

export interface BundleSize {
  kilobytes: number;
  nodeOnly: boolean;
}

/** Each peer, bundled, minified and gzipped: for browsers, where it can be there, or else for Node. */
export async function peerSizes(): Promise<Record<string, BundleSize>> {
  const sizes = Object.entries(imports).map(async ([name, contents]) => {
    const weigh = async (platform: "browser" | "node"): Promise<BundleSize> => {
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
      const { length } = gzipSync(outputFiles?.[0]?.contents ?? "", { level: 9 });
      return { kilobytes: length / 1000, nodeOnly: platform === "node" };
    };
    return [name, await weigh("browser").catch(() => weigh("node"))] as const;
  });
  return Object.fromEntries(await Promise.all(sizes));
}

export function showSize({ kilobytes, nodeOnly }: BundleSize): string {
  return `${kilobytes.toFixed(1)} kB${nodeOnly ? ", Node only" : ""}`;
}
