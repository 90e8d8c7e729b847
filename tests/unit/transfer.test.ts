import { afterEach, expect, test, vi } from "vitest";
import { relay } from "../../src/http/progress.js";
import { Operation } from "../../src/streams/operation.js";

afterEach(() => {
  vi.useRealTimers();
});

test.each(["giving", "taking"] as const)(
  "a relay that has ended watches no server: %s",
  async (server) => {
    vi.useFakeTimers();
    const operation = new Operation(undefined, new Set());
    let give = (_step: { done: boolean; value?: Uint8Array }) => {};
    let ask = () => {};
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const next = () =>
      new Promise<{ done: boolean; value?: Uint8Array }>((resolve) => {
        give = resolve;
        ask();
      });
    const silent = () => new Error("silent");
    const { body, end } = relay(next, () => give({ done: true }), server, {
      operation,
      timeout: 1000,
      silent,
      onProgress: undefined,
    });
    const reading = body.getReader().read();
    await asked;
    expect(vi.getTimerCount()).toBe(server === "giving" ? 1 : 0);
    end();
    await reading;
    expect(vi.getTimerCount()).toBe(0);
  },
);
