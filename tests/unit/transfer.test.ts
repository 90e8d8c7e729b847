import { afterEach, expect, test, vi } from "vitest";
import { prepareBody } from "../../src/http/progress.js";
import { Operation } from "../../src/streams/operation.js";

afterEach(() => {
  vi.useRealTimers();
});

test("an upload that has ended does not watch the server", async () => {
  vi.useFakeTimers();
  const operation = new Operation(undefined, new Set());
  const source = new ReadableStream<Uint8Array>();
  const silent = () => new Error("silent");
  const how = { operation, timeout: 1000, silent, onProgress: undefined };
  const { body, end } = await prepareBody(new Response(source), true, how);
  expect(vi.getTimerCount()).toBe(1);
  const reading = (body as ReadableStream).getReader().read();
  end();
  await reading;
  expect(vi.getTimerCount()).toBe(0);
});
