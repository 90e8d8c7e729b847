import { deepStrictEqual } from "node:assert/strict";
import { bulkGet, type Database, IncompleteResponseError } from "couchfetch";
import { describe, expect, test } from "vitest";
import { answeringWith, outcome } from "./streaming.js";

const docs = [
  { _id: 'a"]},{[', text: "\\" },
  { _id: "ü🦊", "": [{ docs: [1], results: {} }, []] },
  {},
].map((doc) => JSON.stringify(doc));

const layouts = {
  "as CouchDB writes it": ["[\r\n", ",\r\n", "\r\n]"],
  minified: ["[", ",", "]"],
  "with commas first": ["[ \n", "\n ,", "\n]"],
  "with two rows a line": ["[\n", ", ", "\n]"],
} as const;

const requests = {
  docs: (db: Database) => db.query({}),
  results: (db: Database) => bulkGet(db, [{ id: "cat" }]),
};

for (const [member, request] of Object.entries(requests)) {
  for (const [layout, [open, between, close]] of Object.entries(layouts)) {
    const rows = docs.join(between);
    const body = Buffer.from(
      `{"warning":"docs","${member}":${open}${rows}${close},"bookmark":"nil"}`,
    );
    const start = body.indexOf(`"${member}":[`);
    const values = docs.map((doc) => JSON.parse(doc));
    let searched = start;
    const ends = docs.map((doc) => {
      searched = body.indexOf(doc, searched) + Buffer.byteLength(doc);
      return searched;
    });

    describe(`${member}, ${layout}`, () => {
      for (const how of ["ends", "breaks"]) {
        test(`that ${how} at any byte gives its complete rows, then IncompleteResponse`, async () => {
          for (let at = 0; at < body.length; at += 1) {
            const begun = body.subarray(0, at);
            const whole = [begun];
            const halves = [begun.subarray(0, at / 2), begun.subarray(at / 2)];
            const bytes = Array.from(begun, (byte) => Uint8Array.of(byte));
            for (const chunks of [whole, halves, bytes]) {
              const given = request(answeringWith(chunks, how === "breaks"));
              const { rows, error } = await outcome<unknown>(given);
              const what = `cut at ${at} of ${body}, in ${chunks.length}`;
              expect(error, what).toBeInstanceOf(IncompleteResponseError);
              const cause = how === "breaks" ? new TypeError("terminated") : undefined;
              expect((error as Error).cause, what).toEqual(cause);
              await expect(given.summary, what).rejects.toBe(error);
              deepStrictEqual(rows, values.slice(0, ends.filter((end) => end <= at).length), what);
            }
          }
        });
      }

      test("that is whole gives all", async () => {
        const { rows, error } = await outcome<unknown>(request(answeringWith([body])));
        expect(error).toBeUndefined();
        deepStrictEqual(rows, values);
      });
    });
  }
}
