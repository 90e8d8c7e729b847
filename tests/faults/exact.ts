import { CouchDB, type CouchDBOptions, type Database } from "couchfetch";
import { parse, parseNumberAndBigInt, stringify } from "lossless-json";
import { database, startAnswering } from "./answering.js";

/** Needs to be called as a method, as any object's may. */
class BigIntJson {
  readonly #number = parseNumberAndBigInt;
  readonly #write = stringify;

  parse(text: string): unknown {
    return parse(text, null, this.#number);
  }

  stringify(value: unknown): string | undefined {
    return this.#write(value);
  }
}

/** Parsers that users pass, and numbers that each keeps and the runtime's own `JSON` does not. */
export const parsers = [
  {
    name: "LosslessNumber",
    json: { parse, stringify },
    numbers: "[9007199254740993,12345678901234567890123,1.0,1e400,0.1234567890123456789,-0]",
  },
  {
    name: "BigInt",
    json: new BigIntJson(),
    numbers: "[9007199254740993,12345678901234567890123,-9223372036854775809]",
  },
] as const;

/** A database with such a parser, and what its server was sent. */
export interface Exact {
  couch: CouchDB;
  db: Database;
  /** Each request in order, as it was meant: `GET /animals/cat?rev=1-a`, and its body. */
  sent: { request: string; body: string }[];
  close(): Promise<void>;
}

/** Answers by method and path: a text, or one that is made for the request. Anything else is missing. */
export type Answers = Record<string, string | ((request: string) => string)>;

/** A server that answers with texts, number for number as they are written here. */
export async function serving(
  answers: Answers,
  json: NonNullable<CouchDBOptions["json"]>,
): Promise<Exact> {
  const sent: Exact["sent"] = [];
  const { url, close } = await startAnswering(
    (response, _before, { method, url = "" }, body) => {
      const request = `${method} ${decodeURIComponent(url)}`;
      sent.push({ request, body });
      const answer = answers[`${method} ${url.split("?")[0]}`];
      const type = { "content-type": "application/json" };
      if (answer === undefined) {
        response.writeHead(404, type).end('{"error":"not_found","reason":"missing"}');
      } else {
        response.writeHead(200, type).end(typeof answer === "string" ? answer : answer(request));
      }
    },
    "GET /animals" in answers ? undefined : database,
  );
  const couch = new CouchDB(url, { json, retry: { limit: 0 } });
  return { couch, db: couch.database("animals"), sent, close };
}
