/** What pages have, by what they are of: `tsc` is the test. */

import {
  CouchDB,
  type DocRow,
  type Document,
  defineView,
  type EmittedRow,
  type Page,
  page,
  partition,
  type ReducedRow,
} from "couchfetch";

interface Animal {
  legs: number;
  name: string;
}

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};
const of = <R>(_page: Promise<Page<R>>) => ({}) as R;

const animals = new CouchDB("http://localhost:5984").database<Animal>("animals");
const view = animals.view(defineView<string, number>("zoo", "by_type"));
const cursor = new URL("http://localhost").searchParams.get("cursor");

export async function ofPages() {
  const doc = of(page(animals));
  same<typeof doc, Document<Animal>>(true);
  const some = of(page(partition(animals, "bird"), { prefix: "bird:", size: 3, cursor }));
  same<typeof some, Document<Animal>>(true);

  const row = of(page(view, { startkey: "a", cursor }));
  same<typeof row, EmittedRow<string, number, Animal>>(true);
  const whole = of(page(view, { include_docs: true, key: "cat" }));
  same<typeof whole, DocRow<string, number, Animal>>(true);
  const group = of(page(view, { group: true }));
  same<typeof group, ReducedRow<string, number>>(true);
  const ofIds = of(page(animals.allDocs, { include_docs: true }));
  same<typeof ofIds.key, string>(true);

  const found = of(page(animals, { selector: { legs: 4 }, sort: ["legs"], cursor }));
  same<typeof found, Document<Animal>>(true);
  const part = of(page(animals, { selector: { legs: { $gt: 2 } }, fields: ["name"] }));
  same<typeof part.name, string>(true);
  // @ts-expect-error: not among the fields
  part.legs;

  const { rows, next } = await page(animals);
  same<typeof rows, Document<Animal>[]>(true);
  same<typeof next, string | undefined>(true);
}

export function refused() {
  // @ts-expect-error: it is `size`
  page(view, { limit: 3 });
  // @ts-expect-error: it is `cursor`
  page(view, { skip: 3 });
  // @ts-expect-error: they have an order of their own
  page(view, { keys: ["a"] });
  // @ts-expect-error: the same
  page(animals, { ids: ["a"] });
  // @ts-expect-error: one row has no pages
  page(view, { reduce: true });
  // @ts-expect-error: its keys are strings
  page(view, { key: 4 });
  // @ts-expect-error: only ids have a prefix
  page(view, { prefix: "a" });
  // @ts-expect-error: it is `cursor`
  page(animals, { selector: {}, bookmark: "a" });
  // @ts-expect-error: animals have none
  page(animals, { selector: { wings: 2 } });
  // @ts-expect-error: the same
  page(animals, { selector: {}, fields: ["wings"] });
}
