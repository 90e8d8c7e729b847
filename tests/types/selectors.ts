/** What a typed selector takes, and what not: `tsc` is the test. */

import { CouchDB, type Rows } from "couchfetch";

interface Animal {
  kind: "cat" | "dog";
  legs: number;
  name?: string;
  born: { year: number; place?: { city: string } };
  tags: string[];
  vets: { name: string; visits: number[] }[];
  tail: boolean | null;
}

interface Plant {
  kind: "plant";
  leaves: number;
}

const couch = new CouchDB("http://localhost:5984");
const animals = couch.database<Animal>("animals");
const both = couch.database<Animal | Plant>("both");
const free = couch.database("free");

export const right = [
  animals.find({}),
  animals.find({ legs: 4, kind: "cat" }),
  animals.find({ _id: { $gt: null }, _rev: { $regex: "^1-" } }),
  animals.find({ legs: { $gt: 2, $lte: 4, $mod: [2, 0] }, name: { $exists: false } }),
  animals.find({ name: { $beginsWith: "M", $ne: null }, tail: null }),
  animals.find({ "born.year": { $gte: 2020 }, "born.place.city": "Vienna" }),
  animals.find({ born: { year: { $in: [2020, 2021] }, place: { city: { $regex: "^V" } } } }),
  animals.find({ tags: { $all: ["a"], $size: 2, $elemMatch: { $beginsWith: "b" } } }),
  animals.find({ vets: { $elemMatch: { name: "Ann", visits: { $elemMatch: { $gt: 3 } } } } }),
  animals.find({ $or: [{ kind: "cat" }, { $and: [{ legs: 3 }, { $not: { tail: true } }] }] }),
  animals.find({ legs: { $or: [{ $lt: 2 }, { $gt: 8 }] } }),
  animals.find({ kind: { $in: ["cat", "dog"] } }),
  both.find({ kind: "plant", leaves: { $gt: 3 } }),
  both.find({ kind: { $in: ["cat", "plant"] }, legs: 4 }),
  free.find({ whatever: { $is: ["there"] }, "a.b": 4 }),
];

export const wrong = [
  // @ts-expect-error: there is no such field
  animals.find({ leg: 4 }),
  // @ts-expect-error: a number is no text
  animals.find({ legs: "4" }),
  // @ts-expect-error: of a number, no beginning can be asked
  animals.find({ legs: { $beginsWith: "4" } }),
  // @ts-expect-error: of a text, no remainder
  animals.find({ name: { $mod: [2, 0] } }),
  // @ts-expect-error: there is no such kind
  animals.find({ kind: "fish" }),
  // @ts-expect-error: nor among several
  animals.find({ kind: { $in: ["cat", "fish"] } }),
  // @ts-expect-error: there is no such operator
  animals.find({ legs: { $greater: 4 } }),
  // @ts-expect-error: there is no such field within
  animals.find({ "born.month": 4 }),
  // @ts-expect-error: what is within is a number
  animals.find({ "born.year": "2020" }),
  // @ts-expect-error: of what is no list, no size
  animals.find({ name: { $size: 2 } }),
  // @ts-expect-error: its elements are texts
  animals.find({ tags: { $all: [4] } }),
  // @ts-expect-error: within a combination, too
  animals.find({ $or: [{ leg: 4 }] }),
  // @ts-expect-error: a path does not lead through a list
  animals.find({ "vets.name": "Ann" }),
  // @ts-expect-error: neither has it
  both.find({ wings: 2 }),
  // @ts-expect-error: a selector is an object
  free.find("legs"),
  // @ts-expect-error: the selector itself comes first
  free.find({ selector: { legs: 4 } }),
];

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};
type RowOf<R> = R extends Rows<infer Row> ? Row : never;

const names = animals.query({ legs: 4 }, { fields: ["_id", "name", "legs"] });
same<RowOf<typeof names>, { _id: string; legs: number; name?: string }>(true);

const cities = animals.query({}, { fields: ["born.place.city", "kind"] });
same<RowOf<typeof cities>, { kind: "cat" | "dog"; born: { place?: { city: string } } }>(true);

const whole = animals.query({ legs: 4 });
same<RowOf<typeof whole>, Animal & { _id: string; _rev: string }>(true);

const own = animals.query<{ n: number }>({ legs: 4 }, { fields: ["legs"] });
same<RowOf<typeof own>, { n: number }>(true);

const any = free.query({ a: 4 }, { fields: ["a", "b.c"] });
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of it
same<RowOf<typeof any>, Record<string, any>>(true);

export const sorted = [
  animals.find({}, { sort: ["legs", { "born.year": "desc" }] }),
  animals.index({ fields: ["legs", { "born.year": "asc" }], partial_filter_selector: { legs: 4 } }),
  free.find({}, { sort: ["anything"] }),
  // @ts-expect-error: there is no such field to sort by
  animals.find({}, { sort: ["leg"] }),
  // @ts-expect-error: nor to give
  animals.query({}, { fields: ["leg"] }),
  // @ts-expect-error: nor to index
  animals.index({ fields: ["leg"] }),
  // @ts-expect-error: nor in part
  animals.index({ fields: ["legs"], partial_filter_selector: { leg: 4 } }),
  // @ts-expect-error: a direction is asc or desc
  animals.find({}, { sort: [{ legs: "up" }] }),
];
