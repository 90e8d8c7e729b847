import { describe, expect, test, vi } from "vitest";
import { errorFromResponse } from "../../src/http/failure.js";
import { mayPass, waitBefore } from "../../src/http/retry.js";
import { NetworkError, TimeoutError } from "../../src/shared/errors.js";

const request = { method: "GET", url: "http://localhost/" };

function refusal(status: number, retryAfter?: string) {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return errorFromResponse(request, new Response(null, { status, headers }), '{"error":"busy"}');
}

const lost = new NetworkError({ ...request, mayHaveHappened: false });

describe("waitBefore", () => {
  test("waits for as long as the server asks, up to a minute", () => {
    vi.useFakeTimers({ now: Date.parse("2026-01-01T00:00:00Z") });
    expect(waitBefore(1, refusal(429, "7"), undefined)).toBe(7000);
    expect(waitBefore(1, refusal(503, "Thu, 01 Jan 2026 00:00:20 GMT"), undefined)).toBe(20_000);
    expect(waitBefore(1, refusal(503, "86400"), undefined)).toBe(60_000);
    vi.useRealTimers();
  });

  test("backs off by itself, ever longer and by chance, where nothing is asked, or nonsense", () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    for (const error of [lost, refusal(502), refusal(503, "soon"), refusal(503, "0")]) {
      const waits = [1, 2, 3, 20].map((attempt) => waitBefore(attempt, error, undefined));
      expect(waits).toEqual([125, 250, 500, 15_000]);
    }
    expect(waitBefore(1, refusal(503, "Thu, 01 Jan 1970 00:00:00 GMT"), undefined)).toBe(125);
    vi.restoreAllMocks();
  });
});

test("what would be answered the same again, or has had its time, is not tried again", () => {
  for (const status of [400, 401, 404, 409, 500]) {
    expect(mayPass(refusal(status, "1")), `${status}`).toBe(false);
  }
  expect(mayPass(new TimeoutError({ ...request, mayHaveHappened: false }))).toBe(false);
  for (const error of [lost, ...[408, 429, 502, 503, 504].map((status) => refusal(status))]) {
    expect(mayPass(error), error.message).toBe(true);
  }
});
