/** The source of an application with many types of documents, which refer to each other. */

const kinds = 50;
const fields = [
  "name: string;",
  "note?: string | undefined;",
  "count: number;",
  "isOpen: boolean;",
  "since: string | null;",
  "tags: string[];",
  'state: "new" | "old" | "gone";',
  "size: { width: number; height: number; unit?: string };",
  "place: { address: { street: string; city: { name: string; code: number } } };",
  "steps: { at: string; by: { name: string } }[];",
  "prices: Record<string, number>;",
  "parts?: { left: number[]; right: number[] };",
  "score: number | undefined;",
  "by: { id: string; roles: string[] };",
];

/** A thousand lines of it, and queries of all kinds. */
export function model(): string {
  const interfaces = Array.from({ length: kinds }, (_, n) => {
    const others = [1, 7].map((step) => `other${step}?: Kind${(n + step) % kinds};`);
    const lines = [`kind: "kind${n}";`, `own${n}: number;`, ...others, ...fields];
    return [`interface Kind${n} {`, ...lines.map((line) => `  ${line}`), "}"].join("\n");
  });
  return `import { CouchDB } from "couchfetch";

${interfaces.join("\n\n")}

type Any = ${Array.from({ length: kinds }, (_, n) => `Kind${n}`).join(" | ")};

const db = new CouchDB("http://localhost:5984").database<Any>("everything");

export const asked = [
  db.find({ kind: "kind7", own7: { $gt: 2 }, "place.address.city.code": { $in: [1, 2] } }),
  db.find({ $or: [{ own1: 1 }, { "other1.other7.size.width": { $lt: 4 } }], tags: { $all: ["a"] } }),
  db.query({ steps: { $elemMatch: { "by.name": "x" } } }, { fields: ["_id", "size.unit", "by.id"] }),
  db.index({ fields: ["kind", { "place.address.city.name": "desc" }] }),
  db.changes({ selector: { state: { $ne: "gone" }, isOpen: true }, include_docs: true }),
];

export async function loop() {
  for await (const { data } of db.docs()) if (data.kind === "kind3") data.own3 += 1;
  // @ts-expect-error: no such field
  db.find({ "place.address.town": "x" });
}
`;
}
