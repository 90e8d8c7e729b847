import type { Report } from "./bench.js";
import { docs, peerNames } from "./entries.js";
import { type BundleSize, showSize } from "./peer-sizes.js";
import { median } from "./statistics.js";
import { measures, table, values } from "./tables.js";

/** Medians of a full scan, in milliseconds and MB. */
export interface ScanFigures {
  wall: number;
  memory: number;
  first: number;
}

export interface Client {
  name: string;
  size: BundleSize;
  /** One for each runtime, or undefined if the client failed there. */
  scans: (ScanFigures | undefined)[];
}

/** What matters most: couchfetch and its peers, in a full scan, as CouchDB sends it. */
export interface Summary {
  /** The names of the runtimes, with versions. */
  runtimes: string[];
  clients: Client[];
}

export function summarize(
  { runtimes, size }: Pick<Report, "runtimes" | "size">,
  peers: Record<string, BundleSize>,
): Summary {
  const scans = runtimes.flatMap(({ name, version, measured }) => {
    const results = measured.find(({ workload }) => workload.name === "chunked")?.results;
    // `node24` has its version twice.
    const title = `${name.replace(/\d+$/, "")} ${version}`;
    return results && name !== "chromium" ? [{ title, results }] : [];
  });
  const sizes: Record<string, BundleSize> = {
    [docs]: { kilobytes: size, nodeOnly: false },
    ...peers,
  };
  const clients = [docs, ...peerNames].flatMap((contender) => {
    const size = sizes[contender];
    if (!size) return [];
    const figures = scans.map(({ results }) => {
      const runs = results.get(contender);
      if (!Array.isArray(runs)) return undefined;
      const [wall = 0, memory = 0, first = 0] = (["wall", "memory", "first"] as const).map(
        (measure) => median(values(runs, measure)),
      );
      return { wall, memory, first };
    });
    return [{ name: contender === docs ? "couchfetch" : contender, size, scans: figures }];
  });
  return { runtimes: scans.map(({ title }) => title), clients };
}

/** The table of the README. */
export function summaryTable({ runtimes, clients }: Summary): string {
  const rows = clients.map(({ name, size, scans }) => [
    name,
    showSize(size),
    ...scans.map((figures) => {
      if (!figures) return "–";
      const { wall, memory, first } = figures;
      const shown = [measures.wall.show(wall), measures.memory.show(memory)];
      return [...shown, measures.first.show(first)].join(" · ");
    }),
  ]);
  return table(["", "minified and gzipped", ...runtimes], rows);
}
