import { describe, expect, test } from "vitest";
import { pullFrom } from "../../src/shared/batch.js";
import { toAsyncIterator } from "../../src/streams/async-iterator.js";
import { Operation } from "../../src/streams/operation.js";
import { Rows } from "../../src/streams/rows.js";

/** Rows over batches that are at hand, and what became of their source. */
function make(batches: number[][], failure?: Error) {
  const seen = { pulled: 0, closed: false };
  const flights = new Set<Operation>();
  const user = new AbortController();
  async function* pull(operation: Operation) {
    for (const batch of batches) {
      seen.pulled += 1;
      if (batch.length > 0) yield batch;
    }
    // What has no end waits for one.
    if (batches.length === 0) await operation.race(new Promise(() => {}));
    if (failure) throw failure;
  }
  const rows = new Rows<number>({
    begin: () => new Operation(user, flights),
    open: (operation) => {
      operation.onEnd(() => {
        seen.closed = true;
      });
      return { next: pullFrom(pull(operation)), summary: { total_rows: batches.flat().length } };
    },
  });
  return { rows, seen, flights, user };
}

describe("Rows", () => {
  test("gives each row once, in order, and then the summary", async () => {
    const { rows, seen, flights } = make([[1, 2], [], [3]]);
    const given: number[] = [];
    for await (const row of rows) given.push(row);
    expect(given).toEqual([1, 2, 3]);
    expect(await rows.summary).toEqual({ total_rows: 3 });
    expect(seen.closed).toBe(true);
    expect(flights.size).toBe(0);
  });

  test("asks for nothing before the consumer does, nor ahead of it", async () => {
    const { rows, seen } = make([[1], [2], [3]]);
    const iterator = rows[Symbol.asyncIterator]();
    expect(seen.pulled).toBe(0);
    await iterator.next();
    expect(seen.pulled).toBe(1);
  });

  test("break closes the source, and the summary says why there is none", async () => {
    const { rows, seen } = make([[1, 2], [3]]);
    for await (const _row of rows) break;
    expect(seen).toEqual({ pulled: 1, closed: true });
    await expect(rows.summary).rejects.toThrow("rows are closed");
  });

  test("comes only once", async () => {
    const { rows } = make([[1]]);
    await rows.toArray();
    expect(() => rows[Symbol.asyncIterator]()).toThrow(TypeError);
    expect(() => rows.batches()).toThrow(TypeError);
    await expect(rows.toArray()).rejects.toThrow(TypeError);
  });

  test("the summary, asked for alone, reads past the rows instead of hanging", async () => {
    const { rows, seen } = make([[1], [2]]);
    expect(await rows.summary).toEqual({ total_rows: 2 });
    expect(seen.closed).toBe(true);
  });

  test("a failure comes after the rows before it, and is the summary's too", async () => {
    const { rows } = make([[1]], new Error("cut"));
    const given: number[] = [];
    const read = async () => {
      for await (const row of rows) given.push(row);
    };
    await expect(read()).rejects.toThrow("cut");
    expect(given).toEqual([1]);
    await expect(rows.summary).rejects.toThrow("cut");
  });

  test("as a stream, it pulls a row for each read, and cancel closes the source", async () => {
    const { rows, seen } = make([[1], [2], [3]]);
    const reader = rows.toReadableStream().getReader();
    expect(seen.pulled).toBe(0);
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    expect(seen.pulled).toBe(1);
    await reader.cancel();
    const whole = make([[1, 2], [3]]).rows.toReadableStream();
    const given: number[] = [];
    for await (const row of whole as unknown as AsyncIterable<number>) given.push(row);
    expect(given).toEqual([1, 2, 3]);
  });

  test("an abort stops at once, although rows are at hand", async () => {
    for (const how of ["signal", "session", "dispose"]) {
      const { rows, flights, user } = make([[1, 2, 3], [4]]);
      const reason = new Error("enough");
      const given: number[] = [];
      const read = async () => {
        for await (const row of rows) {
          given.push(row);
          if (how === "signal") user.abort(reason);
          else if (how === "session") for (const operation of flights) operation.abort(reason);
          else await rows[Symbol.asyncDispose]();
        }
      };
      if (how === "dispose") await expect(read()).rejects.toThrow("rows are closed");
      else await expect(read()).rejects.toBe(reason);
      expect(given).toEqual([1]);
      expect(flights.size).toBe(0);
    }
  });

  test("an abort after the last row is no success", async () => {
    const { rows, user } = make([[1]]);
    const read = async () => {
      for await (const _row of rows) user.abort(new Error("enough"));
    };
    await expect(read()).rejects.toThrow("enough");
    await expect(rows.summary).rejects.toThrow("enough");
  });

  test("return ends a next that waits, and nothing comes after it", async () => {
    for (const open of ["items", "batches"] as const) {
      const { rows, flights } = make([]);
      const iterator = open === "items" ? rows[Symbol.asyncIterator]() : rows.batches();
      const waiting = iterator.next();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(flights.size).toBe(0);
    }
  });

  test("the summary of rows that were never begun, or given up, does not hang", async () => {
    for (const open of ["items", "batches"] as const) {
      const { rows } = make([[1]]);
      const iterator = open === "items" ? rows[Symbol.asyncIterator]() : rows.batches();
      await iterator.return?.();
      await expect(rows.summary).rejects.toThrow("rows are closed");
    }
    const { rows } = make([[1]]);
    await rows[Symbol.asyncDispose]();
    await expect(rows.summary).rejects.toThrow("rows are closed");
    expect(() => rows[Symbol.asyncIterator]()).toThrow(TypeError);
  });

  test("batches are the network's pieces", async () => {
    const { rows } = make([[1, 2], [], [3]]);
    const given: number[][] = [];
    for await (const batch of rows.batches()) given.push(batch);
    expect(given).toEqual([[1, 2], [3]]);
  });

  test("given up before the first row, they give none", async () => {
    const { rows, seen } = make([[1]]);
    const iterator = rows[Symbol.asyncIterator]();
    await rows[Symbol.asyncDispose]();
    await expect(iterator.next()).rejects.toThrow("rows are closed");
    expect(seen.pulled).toBe(0);
  });
});

describe("items", () => {
  const source = { wasAborted: () => false, end: () => {} };

  async function* batches() {
    yield [1, 2];
    yield [];
    yield [3];
  }

  test("calls of next that do not wait for each other lose nothing", async () => {
    const iterator = toAsyncIterator(pullFrom(batches()), source);
    const steps = await Promise.all([1, 2, 3, 4, 5].map(() => iterator.next()));
    expect(steps.map(({ value }) => value)).toEqual([1, 2, 3, undefined, undefined]);
  });

  test("an item is finished when the next is asked for", async () => {
    const finished: number[] = [];
    const iterator = toAsyncIterator(pullFrom(batches()), source, (item) => finished.push(item));
    await iterator.next();
    expect(finished).toEqual([]);
    await iterator.next();
    expect(finished).toEqual([1]);
    await iterator.next();
    expect(finished).toEqual([1, 2]);
    await iterator.return?.();
    expect(finished).toEqual([1, 2]);
  });
});
