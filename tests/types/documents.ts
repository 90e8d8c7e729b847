/** How the type of a database's documents reaches all that it gives and takes: `tsc` is the test. */

import {
  bulkGet,
  ChangedEvent,
  ConflictError,
  CouchDB,
  CouchDBError,
  type DeletedEvent,
  type Document,
  type JsonObject,
  NetworkError,
  openRevs,
  partition,
  type Rows,
  resolveConflicts,
  type Tombstone,
} from "couchfetch";
import { importDocs } from "couchfetch/transfer";

interface Cat {
  type: "cat";
  lives: number;
}

interface Bird {
  type: "bird";
  wings: { span: number };
}

type Animal = Cat | Bird;

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};
const is = <A>(_: A) => {};
type RowOf<R> = R extends Rows<infer Row> ? Row : never;

const couch = new CouchDB("http://localhost:5984");
const animals = couch.database<Animal>("animals");
const free = couch.database("anything");
const other = couch.database<{ other: string }>("other").document("cat", { other: "" });

export async function reads() {
  const cat = await animals.get("cat", { default: { type: "cat", lives: 9 } });
  same<typeof cat, Document<Animal>>(true);
  same<(typeof cat.data)["_id"], string>(true);
  same<(typeof cat.data)["_rev"], string | undefined>(true);
  same<NonNullable<(typeof cat.data)["_attachments"]>[string]["content_type"], string>(true);
  same<(typeof cat.data)["_conflicts"], string[] | undefined>(true);
  same<typeof cat.json, Readonly<Animal>>(true);

  for await (const { data } of animals.docs({ prefix: "c" })) {
    if (data.type === "cat") same<typeof data.lives, number>(true);
    else same<typeof data.wings.span, number>(true);
    // @ts-expect-error: which it is was not asked
    data.lives;
  }
  for await (const { data } of animals.find({ type: "bird" })) {
    switch (data.type) {
      case "bird":
        same<typeof data.wings.span, number>(true);
        // @ts-expect-error: a bird has but one
        data.lives;
        break;
      case "cat":
        same<typeof data.lives, number>(true);
    }
  }
  for await (const change of animals.changes({ feed: "continuous" })) {
    if (change.deleted) same<typeof change, DeletedEvent>(true);
    else same<Awaited<ReturnType<typeof change.doc>>, Document<Animal>>(true);
    if (change instanceof ChangedEvent) await change.doc();
    // @ts-expect-error: a deletion has no document
    change.doc();
    // @ts-expect-error: the document need not be there
    change.json.doc._id;
  }
  for await (const { deleted, json } of animals.changes({ include_docs: true })) {
    if (!deleted && json.doc?.type === "cat") is<number>(json.doc.lives);
    if (deleted) same<typeof json.doc, Tombstone | null | undefined>(true);
    // @ts-expect-error: a tombstone has any members
    if (json.doc?.type === "cat") is<number>(json.doc.lives);
  }
  const [leaf] = await openRevs(cat);
  if (leaf?.ok && !leaf.ok._deleted && leaf.ok.type === "bird") is<number>(leaf.ok.wings.span);
  // @ts-expect-error: it may be a tombstone
  if (leaf?.ok?.type === "bird") is<number>(leaf.ok.wings.span);
  const old = await animals.get("cat", { rev: "1-a" });
  if (!old.data._deleted && old.data.type === "cat") is<number>(old.data.lives);
  // @ts-expect-error: it may be a tombstone
  is<Document<Animal>>(old);
  for await (const { docs } of bulkGet(animals, [{ id: "cat" }])) {
    for (const { ok, error } of docs) {
      if (ok && !ok._deleted && ok.type === "cat") same<typeof ok.lives, number>(true);
      if (error) same<typeof error.reason, string>(true);
    }
  }
  const part = partition(animals, "land");
  same<RowOf<ReturnType<typeof part.docs>>, Document<Animal>>(true);
  const anything = await free.get("x");
  anything.data.whatever.it.may[0].be();
}

export async function writes() {
  const cat = await animals.create("cat", { type: "cat", lives: 9 });
  await cat.update((data) => {
    if (data.type === "cat") data.lives -= 1;
  });
  await cat.update(({ type }) => ({ type: "bird", wings: { span: type.length } }));
  await resolveConflicts(cat, ([first]) => first);
  const { ok } = await animals.updateDocs(["cat"], (docs) => {
    docs.create("dodo", { type: "bird", wings: { span: 0 } });
    for (const { data } of docs) if (data.type === "bird") data.wings.span += 1;
  });
  same<typeof ok, Document<Animal>[]>(true);
  await importDocs(animals, [{ type: "cat", lives: 9 }, cat], {
    onConflict: (mine, theirs) => (theirs.type === "cat" ? mine : undefined),
  });
  await importDocs(animals, new ReadableStream<Uint8Array>());
  await importDocs(free, [{ any: "thing" }]);

  return [
    // @ts-expect-error: a cat has lives
    animals.create("cat", { type: "cat" }),
    // @ts-expect-error: an animal has a type
    animals.create("cat"),
    // @ts-expect-error: it has one even if it exists
    animals.create("cat", {}, { existsOk: true }),
    // @ts-expect-error: an animal has a type
    animals.document("cat"),
    // @ts-expect-error: an animal has a type
    animals.createDocs((docs) => docs.create("cat")),
    // @ts-expect-error: these would have none
    animals.createDocs(["cat"]),
    // @ts-expect-error: these would have none
    animals.updateDocs(["cat"], () => {}, { create: true }),
    // @ts-expect-error: these would have none
    animals.docs({ ids: ["cat"], create: true }),
    // @ts-expect-error: options come after the data
    free.create("cat", { existsOk: true }),
    // @ts-expect-error: options come after the data
    free.document("cat", { existsOk: true }),
    // @ts-expect-error: data is not an option
    free.create("cat", {}, { data: {} }),
    // @ts-expect-error: there is no such option
    free.create("cat", {}, { existsOK: true }),
    // @ts-expect-error: a document has an id
    animals.createDocs([{ type: "cat", lives: 9 }]),
    // @ts-expect-error: an option that PouchDB has
    free.changes({ live: true }),
    // @ts-expect-error: CouchDB's name is include_docs
    free.docs({ includeDocs: true }),
    // @ts-expect-error: an option that does not exist
    new CouchDB("http://a", { retries: 5 }),
    // @ts-expect-error: an auth is made by a function
    new CouchDB("http://a", { auth: { username: "a", password: "b" } }),
    animals.createDocs([{ _id: "cat", type: "cat", lives: 9 }]),
    free.create("cat", { existsOk: true, legs: 4 } as JsonObject),
    free.create("cat"),
    free.document("cat"),
    free.createDocs(["cat"], (docs) => docs.create("dog")),
    free.docs({ ids: ["cat"], create: true }),
    couch.database<{ name?: string }>("names").document("cat"),
    () => {
      // @ts-expect-error: an assignment to it would be lost
      cat.json.type = "cat";
    },
    // @ts-expect-error: there are no fish
    animals.document("fish", { type: "fish" }),
    // @ts-expect-error: a number
    animals.get("cat", { default: { type: "cat", lives: "nine" } }),
    // @ts-expect-error: a bird is no cat
    cat.update(() => ({ type: "bird", lives: 9 })),
    // @ts-expect-error: one of them is made
    resolveConflicts(cat, () => ({ type: "fish" })),
    // @ts-expect-error: there are no fish
    animals.createDocs((docs) => docs.create("fish", { type: "fish" })),
    // @ts-expect-error: a cat has lives
    importDocs(animals, [{ type: "cat" }]),
    // @ts-expect-error: what is made is one of them
    importDocs(animals, [], { onConflict: () => ({ type: "fish" }) }),
    // @ts-expect-error: another database's
    animals.get("cat", { known: other }),
  ];
}

/** Errors are told apart by their class. */
export function narrow(error: unknown) {
  if (error instanceof NetworkError) same<typeof error.mayHaveHappened, boolean>(true);
  else if (error instanceof ConflictError) same<typeof error.status, number | undefined>(true);
  // @ts-expect-error: not every error knows
  if (error instanceof CouchDBError) error.mayHaveHappened;
}
