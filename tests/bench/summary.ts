import type { Report } from "./bench.js";
import { peerSizes } from "./peer-sizes.js";
import { median } from "./statistics.js";
import { measures, table } from "./tables.js";

const shown = {
  "couchfetch docs()": "couchfetch",
  nano: "nano",
  PouchDB: "PouchDB",
  "Cloudant SDK": "Cloudant SDK",
};

/** What matters most, for the README: a full scan, as CouchDB sends it. */
export async function summary({ runtimes, size }: Report): Promise<string> {
  const weights = await peerSizes();
  const scans = runtimes.flatMap(({ name, version, measured }) => {
    const results = measured.find(({ workload }) => workload.name === "chunked")?.results;
    return results && name !== "chromium" ? [{ title: `${name} ${version}`, results }] : [];
  });
  const rows = Object.entries(shown).map(([contender, title]) => [
    title,
    weights[contender] ?? `${size.toFixed(1)} kB`,
    ...scans.map(({ results }) => {
      const runs = results.get(contender);
      if (!Array.isArray(runs)) return "–";
      const told = (["wall", "memory", "first"] as const).map((measure) =>
        measures[measure].show(median(runs.map((run) => run[measure] ?? Number.NaN))),
      );
      return told.join(" · ");
    }),
  ]);
  return table(["", "minified and gzipped", ...scans.map(({ title }) => title)], rows);
}
