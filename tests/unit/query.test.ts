import { LosslessNumber, stringify } from "lossless-json";
import { expect, test } from "vitest";
import { encodeQuery } from "../../src/http/query.js";

const encode = (query: Record<string, unknown>) => encodeQuery(query, JSON.stringify);

test("keys are JSON, whatever they are", () => {
  expect(
    decodeURIComponent(encode({ key: "a b", startkey: ["x", { y: null }], end_key: null })),
  ).toBe('?key="a b"&startkey=["x",{"y":null}]&end_key=null');
  expect(decodeURIComponent(encode({ keys: ["a"], doc_ids: ["b"] }))).toBe(
    '?keys=["a"]&doc_ids=["b"]',
  );
});

test("the rest is written as it is, and escaped", () => {
  expect(encode({ limit: 0, descending: true, since: "5-g1&=", rev: "1-a" })).toBe(
    "?limit=0&descending=true&since=5-g1%26%3D&rev=1-a",
  );
  expect(encode({ open_revs: ["1-a"] })).toBe("?open_revs=%5B%221-a%22%5D");
});

test("undefined is left out", () => {
  expect(encode({ limit: undefined })).toBe("");
  expect(encode({ rev: undefined, skip: 1 })).toBe("?skip=1");
});

test.each([null, Number.NaN, Number.POSITIVE_INFINITY, {}, new Date(0), () => 1, Symbol("x")])(
  "%s is no parameter",
  (value) => {
    expect(() => encode({ limit: value })).toThrow(TypeError);
  },
);

test.each(["key", "keys", "startkey", "start_key", "endkey", "end_key", "doc_ids"])(
  "%s cannot be undefined or NaN, not even within",
  (name) => {
    const got = (value: unknown) => () => encode({ [name]: value });
    expect(got(undefined)).toThrow(`\`${name}\` must be `);
    expect(got(Number.NaN)).toThrow(TypeError);
    expect(got([1, { a: undefined }])).toThrow(
      `\`${name}.1.a\` must be a JSON value, got undefined`,
    );
    expect(got([-1 / 0])).toThrow(`\`${name}.0\` must be a JSON value, got -Infinity`);
    expect(got([new Date("none")])).toThrow(`\`${name}.0\` must be a JSON value, got object`);
    expect(got([null, "", 0, false, new Date(0)])).not.toThrow();
  },
);

test("nor can the id of a document that a range begins with", () => {
  for (const name of ["startkey_docid", "endkey_docid", "start_key_doc_id"]) {
    expect(() => encode({ [name]: undefined })).toThrow(`\`${name}\` must be a string`);
  }
});

test("the user's stringify writes the keys", () => {
  const query = encodeQuery({ key: 12345678901234567890n }, (value) => String(value));
  expect(query).toBe("?key=12345678901234567890");
});

test("so it does the numbers of the user's parser, wherever CouchDB takes one", () => {
  const query = { limit: new LosslessNumber("10"), since: new LosslessNumber("-1e3"), skip: 2n };
  expect(encodeQuery(query, (value) => `${stringify(value)}`)).toBe("?limit=10&since=-1e3&skip=2");
});
