import { expect, test } from "vitest";
import { type FeedSituation, isRecoverable } from "../../src/changes/recoverable-error.js";
import * as errors from "../../src/shared/errors.js";

const request = { method: "GET", url: "http://localhost/" };
const live: FeedSituation = {
  isLive: true,
  canResume: true,
  wasConnected: true,
  hasResponded: false,
  isRenewed: false,
  failures: 1,
};

const lost = new errors.NetworkError({ ...request, mayHaveHappened: false });
const early = new errors.IncompleteResponseError(request);
const page = new errors.InvalidResponseError(request);
const expired = new errors.UnauthorizedError({ ...request, status: 401 });
const busy = new errors.TooManyRequestsError({ ...request, status: 429 });
const down = new errors.ServerError({ ...request, status: 503 });

test.each([
  ["a lost connection", lost, {}, true],
  ["a lost connection of a normal feed", lost, { isLive: false }, false],
  ["a server that is down", down, { wasConnected: false }, true],
  ["a busy server", busy, { wasConnected: false }, true],
  ["a timeout of a proxy", new errors.CouchDBError({ ...request, status: 408 }), {}, true],
  ["a response that ended early", early, { isLive: false }, true],
  ["a response that ended early and cannot be resumed", early, { canResume: false }, false],
  ["a proxy's page", page, {}, true],
  ["a proxy's page before CouchDB ever responded", page, { wasConnected: false }, false],
  ["a damaged response", page, { hasResponded: true }, true],
  ["a response that is damaged again", page, { hasResponded: true, failures: 2 }, false],
  ["an expired session", expired, {}, true],
  ["a session that was refused before", expired, { wasConnected: false }, false],
  ["a session that was renewed in vain", expired, { isRenewed: true }, false],
  ["a missing database", new errors.NotFoundError({ ...request, status: 404 }), {}, false],
  ["an error of the caller", new TypeError("mine"), {}, false],
] as const)("a feed goes on after %s or not", (_, error, situation, expected) => {
  expect(isRecoverable(error, { ...live, ...situation })).toBe(expected);
});
