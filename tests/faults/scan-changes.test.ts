import { CouchDB, IncompleteResponseError } from "couchfetch";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

beforeEach(() => void vi.spyOn(Math, "random").mockReturnValue(0));

afterEach(() => void vi.restoreAllMocks());

/** A row; the value stands for nothing but itself. */
interface Row {
  id: string;
  key: number;
  value: number;
}

const inOrder = (rows: Row[]) =>
  rows.toSorted((a, b) => a.key - b.key || a.id.localeCompare(b.id) || a.value - b.value);

/**
 * A view whose first answer is cut after so many rows. All others are of another state, and whole.
 *
 * @param before - the rows at first, in order
 * @param after - those of the other state
 */
function changing(before: Row[], after: Row[], rowsBeforeCut: number) {
  const requests: URLSearchParams[] = [];
  const fetch = async (request: Request) => {
    const { searchParams } = new URL(request.url);
    requests.push(searchParams);
    const isFirst = requests.length === 1;
    const startkey = Number(searchParams.get("startkey") ?? -1);
    const id = searchParams.get("startkey_docid") ?? "";
    const skip = Number(searchParams.get("skip") ?? 0);
    const limit = Number(searchParams.get("limit") ?? Infinity);
    const rows = (isFirst ? before : after)
      .filter((row) => row.key > startkey || (row.key === startkey && row.id >= id))
      .slice(skip, skip + limit)
      .map((row) => JSON.stringify(row));
    const sent = isFirst ? `${rows.slice(0, rowsBeforeCut).join(",\n")},` : `${rows.join(",\n")}]}`;
    const headers = { "content-type": "application/json" };
    return new Response(`{"total_rows":9,"offset":0,"rows":[\n${sent}`, { headers });
  };
  const couch = new CouchDB("http://localhost:1", { fetch: fetch as never });
  return { requests, view: couch.database("animals").view<number, number>("d", "v") };
}

const row = (id: string, key: number, value: number): Row => ({ id, key, value });

describe("a scan that was cut within the rows of its first document", () => {
  const [a, b, c, d] = [row("a", 1, 1), row("b", 2, 2), row("c", 3, 3), row("d", 4, 4)];

  test("goes on behind them, if documents come before them", async () => {
    const { view, requests } = changing([a, c, d], [row("0", 0, 0), a, b, c, d], 1);
    expect(await view.values({ skip: 1 }).toArray()).toEqual([3, 4]);
    expect(requests[1]?.get("startkey")).toBe("3");
    expect(requests[1]?.has("skip")).toBe(false);
  });

  test("goes on behind them, if documents before them go", async () => {
    const { view } = changing([a, b, c, d], [c, d], 1);
    expect(await view.values({ skip: 2 }).toArray()).toEqual([3, 4]);
  });

  test("goes on behind them without skip, too", async () => {
    const { view } = changing([b, c, d], [a, b, c, d], 1);
    expect(await view.values().toArray()).toEqual([2, 3, 4]);
  });

  test("goes on behind them, if skip ends among rows of one key and one document", async () => {
    const same = [0, 1, 2, 3, 4, 5].map((value) => row("x", 7, value));
    for (const after of [same, [a, ...same], [a, b, c, ...same, row("y", 7, 6)]]) {
      const { view } = changing([a, b, ...same, row("y", 7, 6)], [...after, row("z", 8, 9)], 2);
      const rest = after.length > 9 ? [6, 9] : [9];
      expect(await view.values({ skip: 4 }).toArray()).toEqual([2, 3, 4, 5, ...rest]);
    }
    const { view } = changing([a, b, ...same], [...same], 2);
    expect(await view.values({ skip: 4, limit: 3 }).toArray()).toEqual([2, 3, 4]);
  });

  test("is incomplete, if the document has changed: which of its rows were skipped is not known", async () => {
    const same = [0, 1, 2, 3].map((value) => row("x", 7, value));
    const changed = [5, 6, 7, 8].map((value) => row("x", 7, value));
    for (const after of [changed, [...changed, row("y", 8, 9)]]) {
      const { view } = changing([a, ...same], after, 1);
      const given: number[] = [];
      const scan = async () => {
        for await (const value of view.values({ skip: 2 })) given.push(value);
      };
      await expect(scan()).rejects.toThrow(IncompleteResponseError);
      expect(given).toEqual([1]);
    }
  });
});

test("a scan goes on exactly, whatever comes and goes meanwhile, except of the document it is at", async () => {
  const rows = fc.array(fc.record({ id: fc.constantFrom("a", "b", "c", "d"), key: fc.nat(3) }), {
    minLength: 2,
    maxLength: 14,
  });
  const scans = fc.record({
    rows,
    come: fc.array(fc.record({ id: fc.constantFrom("a0", "b0", "c0", "d0"), key: fc.nat(3) })),
    goes: fc.constantFrom("a", "b", "c", "d", "none"),
    skip: fc.nat(6),
    cut: fc.integer({ min: 1, max: 5 }),
    limit: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  });
  const holds = fc.asyncProperty(scans, async ({ rows, come, goes, skip, cut, limit }) => {
    const before = inOrder(rows.map((each, value) => ({ ...each, value })));
    const given = before.slice(skip, skip + Math.min(cut, limit ?? Infinity));
    const last = given.at(-1);
    fc.pre(last !== undefined && goes !== last.id);
    const stays = before.filter(({ id }) => id !== goes);
    const after = inOrder([...stays, ...come.map((each, n) => ({ ...each, value: 100 + n }))]);
    const at = after.findIndex(({ value }) => value === last?.value);
    const expected = [...given, ...after.slice(at + 1)].slice(0, limit ?? Infinity);
    const { view } = changing(before, after, cut);
    const found = await view.values({ skip, ...(limit ? { limit } : {}) }).toArray();
    expect(found).toEqual(expected.map(({ value }) => value));
  });
  const { SEED, RUNS = 300 } = process.env;
  const details = await fc.check(holds, {
    numRuns: Number(RUNS),
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
  console.log(`property: ${details.numRuns} runs, seed ${details.seed}`);
  if (details.failed) throw new Error(fc.defaultReportMessage(details));
});
