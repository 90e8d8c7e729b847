import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchdog } from "../../src/http/watchdog.js";

const silence = 2_500;
const heartbeat = 1_000;

let barks: number;
const bark = () => {
  barks += 1;
};

beforeEach(() => {
  barks = 0;
  vi.useFakeTimers();
});

afterEach(() => void vi.useRealTimers());

test("silence is noticed after two and a half heartbeats, and within three", () => {
  for (let offset = 0; offset < heartbeat; offset += 50) {
    const watch = watchdog(silence, bark);
    vi.advanceTimersByTime(offset);
    watch.listen();
    vi.advanceTimersByTime(2.5 * heartbeat - 1);
    expect(barks, `begun ${offset} ms after the timer`).toBe(0);
    vi.advanceTimersByTime(heartbeat / 2 + 1);
    expect(barks, `begun ${offset} ms after the timer`).toBe(1);
    watch.end();
    barks = 0;
  }
});

test("each byte begins the count anew, and who does not listen hears no silence", () => {
  const watch = watchdog(silence, bark);
  for (let times = 0; times < 20; times += 1) {
    watch.listen();
    vi.advanceTimersByTime(2 * heartbeat);
    watch.rest();
  }
  vi.advanceTimersByTime(100 * heartbeat);
  expect(barks).toBe(0);
  watch.end();
  expect(vi.getTimerCount()).toBe(0);
});

test("without a limit there is no timer", () => {
  const watch = watchdog(Number.POSITIVE_INFINITY, bark);
  watch.listen();
  expect(vi.getTimerCount()).toBe(0);
  watch.end();
});

test("a reader that has stopped reading keeps no timer, and is watched again when it reads", () => {
  const watch = watchdog(silence, bark);
  watch.listen();
  watch.rest();
  vi.advanceTimersByTime(silence);
  expect(vi.getTimerCount()).toBe(0);
  watch.listen();
  vi.advanceTimersByTime(silence - 1);
  expect(barks).toBe(0);
  vi.advanceTimersByTime(1);
  expect(barks).toBe(1);
  watch.end();
});

test("nothing is watched after the end", () => {
  const watch = watchdog(silence, bark);
  watch.end();
  watch.listen();
  vi.advanceTimersByTime(2 * silence);
  expect(barks).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
