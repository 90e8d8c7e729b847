import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EmbeddedServer, startServer } from "../server/server.js";
import { type Answer, exchange } from "./exchange.js";
import {
  maskBody,
  maskHeaders,
  rowShapes,
  sortRows,
  withoutBigNumbers,
  withoutHeartbeats,
} from "./mask.js";
import { NOT_REPLAYED } from "./not-replayed.js";
import { isText, type Recording, readRecordings, requestBody, responseBody } from "./recording.js";
import {
  ARBITRARY,
  BEFORE,
  CREDENTIALS,
  DURING,
  INSTEAD,
  type Stage,
  UNORDERED,
} from "./scenario.js";

/**
 * The recordings are replayed in their order as one story: each finds the databases as those
 * before it left them.
 */
const recordings = readRecordings();
const admin = `Basic ${Buffer.from("admin:secret").toString("base64")}`;
let server: EmbeddedServer;
let stage: Stage;
let matching = 0;
const outcomes = new Map<string, { recorded: object; answered: object }>();

beforeAll(async () => {
  const cors = { origins: ["http://example.test"], credentials: true };
  server = await startServer({ cors });
  stage = { url: server.url, admin, cookie: "", revisions: new Map() };
  for (const recording of recordings) {
    const { name, response } = recording;
    await BEFORE[name]?.(stage);
    const answer = await replay(recording);
    const body = answer.body.toString(isText(recording) ? "utf8" : "latin1");
    outcomes.set(name, {
      recorded: comparable(name, response.status, response.headers, responseBody(recording)),
      answered: comparable(name, answer.status, answer.headers, body),
    });
    if (name in NOT_REPLAYED) await INSTEAD[name]?.(stage);
    else learnRevisions(responseBody(recording), body);
  }
}, 60_000);

afterAll(async () => {
  await server.close();
  const reasons = Object.entries(NOT_REPLAYED).map(([name, why]) => `  ${name} — ${why}`);
  console.log(
    `wire: ${matching} of ${recordings.length} recordings match; not replayed:\n${reasons.join("\n")}`,
  );
});

const REVISION = /\b\d+-[0-9a-f]{32}\b/g;

function translate(text: string): string {
  return text.replace(REVISION, (rev) => stage.revisions.get(rev) ?? rev);
}

/** Answers that are alike name the same revisions in the same order. */
function learnRevisions(recorded: string, answered: string): void {
  const theirs = recorded.match(REVISION) ?? [];
  const ours = answered.match(REVISION) ?? [];
  if (theirs.length !== ours.length) return;
  for (const [i, rev] of theirs.entries()) stage.revisions.set(rev, ours[i] ?? rev);
}

function credentials({ name, request }: Recording): Record<string, string> {
  const given = CREDENTIALS[name]?.(stage);
  if (given !== undefined) return given;
  return request.authenticated === false ? {} : { authorization: admin };
}

/** A feed without end has told all when it has told as many rows as were recorded. */
function hasAllRows(recording: Recording): (body: string) => boolean {
  const rows = (body: string) => body.match(/"seq":"/g)?.length ?? 0;
  const wanted = rows(responseBody(recording));
  return (body) => !recording.response.ended && rows(body) >= wanted && body.endsWith("\n");
}

async function replay(recording: Recording): Promise<Answer> {
  const { name, request } = recording;
  const headers: Record<string, string> = credentials(recording);
  for (const [header, value] of Object.entries(request.headers)) {
    headers[header] = translate(String(value));
  }
  let meanwhile: Promise<unknown> | undefined;
  const answer = await exchange({
    url: server.url,
    method: request.method,
    path: translate(request.path),
    headers,
    body: requestBody(recording),
    started: () => {
      meanwhile = DURING[name]?.(stage);
    },
    enough: hasAllRows(recording),
  });
  await meanwhile;
  const session = [answer.headers["set-cookie"] ?? []].flat()[0]?.split(";")[0];
  if (session !== undefined && !session.endsWith("=")) stage.cookie = session;
  return answer;
}

/** An answer in a form in which equal means: as good as the same. */
function comparable(name: string, status: number, headers: object, body: string) {
  const isFeed = name in DURING || name.startsWith("changes-continuous");
  let text = maskBody(body);
  if (isFeed || name.startsWith("changes-longpoll")) text = withoutHeartbeats(text);
  if (UNORDERED.includes(name)) text = sortRows(text);
  // The recording of the numbers themselves is not to be explained away.
  if (name !== "doc-big-number-get") text = withoutBigNumbers(text);
  if (ARBITRARY.includes(name)) text = rowShapes(text);
  return { status, headers: maskHeaders({ ...headers }), body: text };
}

describe("the embedded server answers as CouchDB 3.5.0 did", () => {
  test.each(recordings.map(({ name }) => name))("%s", (name) => {
    const { recorded, answered } = outcomes.get(name) ?? {};
    if (name in NOT_REPLAYED) {
      expect(answered, `matches now; remove it from the table: ${name}`).not.toEqual(recorded);
    } else {
      expect(answered).toEqual(recorded);
      matching++;
    }
  });
});
