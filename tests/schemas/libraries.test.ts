/** The libraries that keep to Standard Schema, each with a scan of its own. */

import { type } from "arktype";
import { basic, CouchDB, type Database, type Document } from "couchfetch";
import { standardSchema, ValidationError } from "couchfetch/schema";
import { importDocs } from "couchfetch/transfer";
import * as v from "valibot";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  test,
} from "vitest";
import { z } from "zod";
import { type ServerUnderTest, serverUnderTest } from "../server-under-test.js";

interface Animal {
  type: "mammal" | "bird";
  legs: number;
  born: Date;
  name: string;
}

/** The same, thrice: a text that becomes a date, and a name that has a default. */
const schemas = {
  zod: z.object({
    type: z.enum(["mammal", "bird"]),
    legs: z.number().int().min(0),
    born: z.iso.datetime().transform((text) => new Date(text)),
    name: z.string().default("nobody"),
  }),
  valibot: v.object({
    type: v.picklist(["mammal", "bird"]),
    legs: v.pipe(v.number(), v.integer(), v.minValue(0)),
    born: v.pipe(
      v.string(),
      v.isoTimestamp(),
      v.transform((text) => new Date(text)),
    ),
    name: v.optional(v.string(), "nobody"),
  }),
  arktype: type({
    type: "'mammal' | 'bird'",
    legs: "number.integer >= 0",
    born: "string.date.iso.parse",
    name: "string = 'nobody'",
  }),
};

const born = "2020-01-02T03:04:05.000Z";

let server: ServerUnderTest;
let couch: CouchDB;
let db: Database;

beforeAll(async () => {
  server = await serverUnderTest();
  couch = new CouchDB(server.url, { auth: basic(server.user, server.password) });
});

afterAll(async () => {
  await couch.close();
  await server.close();
});

beforeEach(async () => {
  db = await couch.create(`schemas_${crypto.randomUUID()}`);
  await importDocs(db, [
    { _id: "ant", type: "insect", legs: 6, born },
    { _id: "bat", type: "mammal", legs: 2, born, wings: 2 },
    { _id: "cat", type: "mammal", legs: "four", born, name: "Tom" },
    { _id: "dodo", type: "bird", legs: 2, born: "long ago" },
    { _id: "emu", type: "bird", legs: 2, born, name: "Edna" },
  ]);
});

afterEach(() => db.delete());

describe.each(Object.entries(schemas))("%s", (library, schema) => {
  const open = (onInvalid?: (error: ValidationError) => "skip" | "pass") => {
    // As a user would write it, for each library's own type.
    if (library === "zod")
      return couch.database(db.id, { schema: standardSchema(schemas.zod, { onInvalid }) });
    if (library === "valibot")
      return couch.database(db.id, { schema: standardSchema(schemas.valibot, { onInvalid }) });
    return couch.database(db.id, { schema: standardSchema(schemas.arktype, { onInvalid }) });
  };

  test("checks a scan, whose documents have its type", async () => {
    expect(schema["~standard"].vendor).toBe(library);
    const wrong: Record<string, string[]> = {};
    const right: Document<Animal>[] = [];
    const scan = open((error) => {
      wrong[error.id] = error.issues.map(({ path = [] }) => path.map(pathName).join("."));
      return "skip";
    }).docs();
    for await (const doc of scan) {
      expectTypeOf(doc.data.born).toEqualTypeOf<Date>();
      expectTypeOf(doc.data.type).toEqualTypeOf<"mammal" | "bird">();
      right.push(doc);
    }
    expect(wrong).toEqual({ ant: ["type"], cat: ["legs"], dodo: ["born"] });
    expect(right.map(({ json }) => json)).toMatchObject([
      { type: "mammal", legs: 2, born: new Date(born), name: "nobody" },
      { type: "bird", legs: 2, born: new Date(born), name: "Edna" },
    ]);
  });

  test("throws in a scan, if nobody says otherwise", async () => {
    const error = await open()
      .docs()
      .toArray()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({ id: "ant" });
    expect(String(error)).toMatch(/^ValidationError: "ant" does not match its schema: type: /);
  });

  test("checks what is written", async () => {
    const animals = open();
    const fox = { type: "mammal", legs: 4, born: new Date(born), name: "Fox" } as const;
    await animals.document("fox", fox).save();
    expect((await db.get("fox")).json).toEqual({ ...fox, born });
    const bat = await animals.get("bat");
    bat.data.legs = 3;
    await bat.save();
    expect((await db.get("bat")).json).toEqual({ type: "mammal", legs: 3, born, wings: 2 });
    const snake = animals.document("snake", { ...fox, legs: -1 });
    await expect(snake.save()).rejects.toThrow(ValidationError);
  });
});

function pathName(part: PropertyKey | { key: PropertyKey }): string {
  return String(typeof part === "object" ? part.key : part);
}
