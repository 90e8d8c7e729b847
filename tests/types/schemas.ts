/** What a schema has to do with the type of a database: `tsc` is the test. */

import { CouchDB, type Database, type Rows } from "couchfetch";
import {
  type SchemaOutput,
  type StandardSchema,
  standardSchema,
  ValidationError,
} from "couchfetch/schema";
import { importDocs } from "couchfetch/transfer";

interface Stored {
  born: string;
}

interface Animal {
  born: Date;
}

type Equals<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equals<A, B>) => {};

declare const schema: StandardSchema<Stored, Animal>;
declare const text: StandardSchema<string>;
const couch = new CouchDB("http://localhost:5984");
const animals = couch.database("animals", { schema: standardSchema(schema) });

same<SchemaOutput<typeof schema>, Animal>(true);
same<typeof animals, Database<Animal, Stored>>(true);
// What is asked for is what is in the database.
animals.find({ born: { $gte: "2020" } }, { sort: ["born"] });
const parts = animals.query({}, { fields: ["born"] });
same<typeof parts, Rows<{ born: string }>>(true);
importDocs(animals, [{ born: "2020-01-02" }, { born: new Date() }]);
couch.database("animals", { schema: standardSchema(schema, { validate: "write" }) });
couch.database("animals", { schema: standardSchema(schema, { onStripped: "drop" }) });
couch.database("animals", {
  schema: standardSchema(schema, {
    onInvalid: ({ id, issues, data }) => (issues.length > 1 || id === data._id ? "skip" : "pass"),
  }),
});
animals.document("cat", { born: new Date() });

export function narrow(error: unknown) {
  if (error instanceof ValidationError) same<typeof error.id, string>(true);
}

export const wrong = [
  // @ts-expect-error: what it makes is a date
  animals.document("cat", { born: "yesterday" }),
  // @ts-expect-error: a text is asked for
  animals.find({ born: { $gte: new Date() } }),
  // @ts-expect-error: a document is an object
  couch.database("animals", { schema: standardSchema(text) }),
  // @ts-expect-error: without a schema there is nothing to look for
  couch.database("animals", { validate: "read" }),
  // @ts-expect-error: read, write or both
  couch.database("animals", { schema: standardSchema(schema, { validate: "never" }) }),
  // @ts-expect-error: throw or drop
  couch.database("animals", { schema: standardSchema(schema, { onStripped: "skip" }) }),
  // @ts-expect-error: skip or pass, or throw it
  couch.database("animals", { schema: standardSchema(schema, { onInvalid: () => "throw" }) }),
  // @ts-expect-error: the type is the schema's
  couch.database<Animal>("animals", { schema: standardSchema(schema) }),
];
