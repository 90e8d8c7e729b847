/** What a view that was declared gives, and takes: `tsc` is the test. */

import { CouchDB, defineView, deploy, partition, type Rows } from "couchfetch";

interface Animal {
  legs: number;
}

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};
type RowOf<R> = R extends Rows<infer Row> ? Row : never;

const animals = new CouchDB("http://localhost:5984").database<Animal>("animals");
const byType = defineView<string, number>("zoo", "by_type", { map: "…", reduce: "_sum" });
const view = animals.view(byType);

const keys = view.keys();
same<RowOf<typeof keys>, string>(true);
const values = partition(animals, "land").view(byType).values();
same<RowOf<typeof values>, number>(true);
const docs = view.docs();
same<RowOf<typeof docs>["data"]["legs"], number>(true);

export const right = [
  view.rows({ key: "cat" }),
  view.rows({ keys: ["cat", "dog"], include_docs: true }),
  animals.view<number>("zoo", "by_legs").rows({ key: 4 }),
  deploy(animals, [byType, { _id: "_design/rules", validate_doc_update: "…" }]),
];

export const wrong = [
  // @ts-expect-error: its keys are texts
  view.rows({ key: 4 }),
  // @ts-expect-error: all of them
  view.rows({ keys: ["cat", 4] }),
  // @ts-expect-error: a view has a name
  animals.view("zoo"),
  // @ts-expect-error: a view has a map
  defineView("zoo", "by_type", { reduce: "_sum" }),
  // @ts-expect-error: a design document has no such member
  deploy(animals, [{ _id: "_design/rules", rules: "…" }]),
  // @ts-expect-error: it has an id
  deploy(animals, [{ views: {} }]),
];
