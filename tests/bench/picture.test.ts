import { expect, test } from "vitest";
import { picture } from "./picture.js";
import type { Client } from "./summary.js";

const client = (name: string, kilobytes: number, figures: [number, number, number]): Client => {
  const [wall, memory, first] = figures;
  return { name, size: { kilobytes, nodeOnly: false }, scans: [{ wall, memory, first }] };
};

const clients = [
  client("couchfetch", 24.9, [2000, 100, 35]),
  client("nano", 6.8, [4000, 500, 3900]),
  client("Tom & <Jerry>", 49.8, [3000, 400, 2900]),
];
const svg = picture({ runtimes: ["node 24.1.0"], clients }, 100_000);

const all = (pattern: RegExp) => [...svg.matchAll(pattern)].map(([, found = ""]) => found);
const content = (element: string) =>
  all(new RegExp(`<${element}\\b[^>]*>([^<]*)</${element}>`, "g"));

test("the picture shows each number as text, and describes all of them to screen readers", () => {
  const [description = ""] = content("desc");
  expect(content("title")).toEqual(["A scan of 100 000 documents in Node 24.1.0"]);
  expect(svg).toContain('role="img" aria-labelledby="title description"');
  for (const number of ["2.00 s", "35 ms", "100 MB", "24.9 kB"]) {
    expect(content("text")).toContain(number);
    expect(description).toContain(`couchfetch ${number}`);
  }
});

test("a bar is as long as its number is large", () => {
  const lengths = all(/<rect class="bar[^"]*"[^>]* width="([^"]+)"/g).map(Number);
  const [ours = 0, nano = 0, other = 0] = lengths;
  expect(lengths).toHaveLength(12);
  expect(ours / nano).toBeCloseTo(0.5);
  expect(other / nano).toBeCloseTo(0.75);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
});

test("the picture has colors for light and dark pages, and the width of a phone", () => {
  expect(svg).toContain("@media (prefers-color-scheme: dark)");
  expect(Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1])).toBeLessThanOrEqual(375);
});

test("names are escaped", () => {
  expect(content("text")).toContain("Tom &amp; &lt;Jerry&gt;");
  expect(svg).not.toContain("Tom & <");
});

test("a client that failed has no bars, but its size", () => {
  const [first, ...others] = clients;
  if (!first) throw new Error("there are no clients");
  const failed = picture(
    { runtimes: ["node"], clients: [{ ...first, scans: [undefined] }, ...others] },
    10,
  );
  expect(failed.match(/class="bar ours"/g)).toHaveLength(1);
  expect(failed).not.toContain("NaN");
});
