import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { attachmentPath, databasePath, documentPath, parseBaseUrl } from "../../src/http/paths.js";

describe("database names", () => {
  test("are escaped", () => {
    expect(databasePath("animals")).toBe("animals");
    expect(databasePath("a/b+c$(d)-_e")).toBe("a%2Fb%2Bc%24(d)-_e");
    expect(databasePath("_users")).toBe("_users");
  });

  test.each([
    "",
    ".",
    "..",
    "Animals",
    "1a",
    "_all_dbs",
    "_session",
    "a b",
    "a?x",
    "ä",
    "a".repeat(239),
  ])("%j is impossible", (name) => {
    expect(() => databasePath(name)).toThrow(TypeError);
  });
});

describe("attachment names", () => {
  test.each([
    ["a.png", "a.png"],
    ["dir/readme.txt", "dir/readme.txt"],
    ["a b+?#&%2F", "a%20b%2B%3F%23%26%252F"],
    ["ünï/🦊", "%C3%BCn%C3%AF/%F0%9F%A6%8A"],
    ["a/../b", "a%2F..%2Fb"],
    ["../cat", "..%2Fcat"],
    ["a/.", "a%2F."],
    ["/a", "%2Fa"],
    ["a/", "a%2F"],
    ["a//b", "a%2F%2Fb"],
    [".../.a", ".../.a"],
    ["%2e%2e", "%252e%252e"],
  ])("%j is sent as %s, and stays within its document", (name, path) => {
    expect(attachmentPath(name)).toBe(path);
    const url = new URL(`http://host/db/doc/${path}`);
    expect(url.pathname.split("/").slice(3).map(decodeURIComponent).join("/")).toBe(name);
  });

  test.each(["", ".", "..", "_view/by_legs", "_info", "half \ud83e of a fox"])(
    "%j is refused",
    (name) => {
      expect(() => attachmentPath(name)).toThrow(TypeError);
    },
  );
});

describe("document ids", () => {
  test.each([
    ["cat", "cat"],
    ["a/b", "a%2Fb"],
    ["cat/ünï 漢字+?#&%2F", "cat%2F%C3%BCn%C3%AF%20%E6%BC%A2%E5%AD%97%2B%3F%23%26%252F"],
    ["_design/zoo", "_design/zoo"],
    ["_design/a/b", "_design/a%2Fb"],
    ["_local/check/point", "_local/check%2Fpoint"],
    ["...", "..."],
    ["%2e%2e", "%252e%252e"],
    ["🦊", "%F0%9F%A6%8A"],
  ])("%j is sent as %s, and arrives there", (id, path) => {
    expect(documentPath(id)).toBe(path);
    const url = new URL(`http://host/db/${path}`);
    expect(url.pathname.split("/").slice(2).map(decodeURIComponent).join("/")).toBe(id);
  });

  test.each([
    "",
    ".",
    "..",
    "_all_docs",
    "_security",
    "_design",
    "_design/",
    "_design/.",
    "_design/..",
    "_local/",
    "_design_docs",
    "_anything/x",
    "half \ud83e of a fox",
  ])("%j is refused", (id) => {
    expect(() => documentPath(id)).toThrow(TypeError);
  });

  test("what is not a string is refused", () => {
    for (const id of [undefined, null, 1, {}, ["a"]]) {
      expect(() => documentPath(id as string)).toThrow(TypeError);
    }
  });
});

describe("the server's URL", () => {
  test("keeps its path, and loses its trailing slash", () => {
    expect(parseBaseUrl("http://localhost:5984/")).toMatchObject({ base: "http://localhost:5984" });
    expect(parseBaseUrl("https://host/couch//")).toMatchObject({ base: "https://host/couch" });
    expect(parseBaseUrl(new URL("http://host:80"))).toMatchObject({ base: "http://host" });
  });

  test("gives up its credentials", () => {
    expect(parseBaseUrl("http://j%C3%BCrgen:p%40ss%3Aword@host")).toEqual({
      base: "http://host",
      user: "jürgen",
      password: "p@ss:word",
    });
  });

  test.each([
    "ftp://admin:hunter2@host",
    "admin:hunter2@host",
    "http://admin:hunter2@ho st",
    "http://admin:hunter2@host/?x=1",
    "http://admin:hunter2@host/#x",
    "//admin:hunter2@host",
    "",
    // Without percent-encoding, all of these have another host than the user means, or another password.
    "http://admin:2024/hunter2@host",
    "http://admin:2024\\hunter2@host",
    "http://admin:2024?hunter2@host",
    "http://admin:2024#hunter2@host",
    "http://admin:/hunter2@host:5984",
    "http://admin:hunter2/x@host",
    "http://admin:2024@/hunter2@host/couch",
    "http://admin/hunter2:x@host",
    "http://admin:2024/%68unter2@host/%40",
    "http://admin:hunter2%@host",
    "http://admin:hunter2%zz@host",
    "http://admin:hunter\n2@host",
    new URL("http://admin:2024/hunter2@host"),
  ])("%j is refused, without showing the password", (url) => {
    let refused: unknown;
    try {
      parseBaseUrl(url);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(TypeError);
    expect(refused).toHaveProperty("message", expect.stringContaining("percent-encoded"));
    for (const shown of [inspect(refused, { depth: 9 }), String((refused as Error).stack)]) {
      expect(shown).not.toMatch(/hunter|2024/);
    }
  });

  test.each([
    ["http://admin:a@b@host", "a@b"],
    ["http://admin:2024%2Fx@host", "2024/x"],
    ["http://admin:%3F%23%5C%25%0A@host/", "?#\\%\n"],
    ["http://admin:;:&=+$,@host/%40/\n", ";:&=+$,"],
  ])("%j has the password %j", (url, password) => {
    expect(parseBaseUrl(url)).toMatchObject({ user: "admin", password });
  });
});
