/** What rows have, by what was asked for: `tsc` is the test. */

import {
  CouchDB,
  type DocHit,
  type DocRow,
  defineView,
  type EmittedRow,
  nouveau,
  type ReducedRow,
  type Rows,
  type SearchHit,
  search,
  type View,
  type ViewRow,
} from "couchfetch";

interface Animal {
  legs: number;
}

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};
const of = <R>(_rows: Rows<R>) => ({}) as R;

const animals = new CouchDB("http://localhost:5984").database<Animal>("animals");
const view = animals.view(defineView<string, number>("zoo", "by_type"));

export async function ofViews() {
  const any = of(view.rows());
  same<typeof any, ViewRow<string, number, Animal>>(true);
  // @ts-expect-error: a reduced row has none
  any.id.length;

  const emitted = of(view.rows({ reduce: false, descending: true }));
  same<typeof emitted, EmittedRow<string, number, Animal>>(true);
  same<typeof emitted.id, string>(true);

  const whole = of(view.rows({ include_docs: true, key: "cat" }));
  same<typeof whole, DocRow<string, number, Animal>>(true);
  if (whole.doc) same<typeof whole.doc.legs, number>(true);
  // @ts-expect-error: null, if it was deleted
  whole.doc.legs;

  const grouped = of(view.rows({ group: true }));
  same<typeof grouped, ReducedRow<string, number>>(true);
  // @ts-expect-error: it is of no document
  grouped.id.length;

  const one = of(view.rows({ reduce: true }));
  same<typeof one, ReducedRow<null, number>>(true);

  const { rows } = await view.get({ include_docs: true });
  same<typeof rows, DocRow<string, number, Animal>[]>(true);
  const { rows: groups } = await view.get({ keys: ["cat"], group: true });
  same<typeof groups, ReducedRow<string, number>[]>(true);
  const { rows: others } = await view.get({ limit: 1 });
  same<typeof others, ViewRow<string, number, Animal>[]>(true);

  return [
    // @ts-expect-error: no such option
    view.rows({ include_docs: true, nonsense: true }),
    // @ts-expect-error: a number
    view.get({ group_level: "2" }),
    // @ts-expect-error: documents are given by docs anyway
    view.docs({ include_docs: true }),
  ];
}

export async function ofAllDocs() {
  const row = of(animals.allDocs.rows({ include_docs: true }));
  same<typeof row, DocRow<string, { rev: string; deleted?: boolean }, Animal>>(true);
  const asked = of(animals.allDocs.rows({ include_docs: true, keys: ["cat", "none"] }));
  same<typeof asked, ViewRow<string, { rev: string; deleted?: boolean }, Animal>>(true);
  // @ts-expect-error: it may be missing
  asked.doc._id;
  // Whoever takes any view, or any row, takes these.
  const any: View<string, { rev: string; deleted?: boolean }, Animal> = animals.allDocs;
  const rows: Rows<ViewRow>[] = [any.rows({ include_docs: true }), view.rows({ group: true })];
  return rows;
}

export function ofSearches() {
  const hit = of(search(animals, "zoo", "by_name", "cat"));
  same<typeof hit, SearchHit<Animal>>(true);
  // @ts-expect-error: it was not asked for
  hit.doc.legs;
  const whole = of(nouveau(animals, "zoo", "by_name", "cat", { include_docs: true }));
  same<typeof whole, DocHit<Animal>>(true);
}
