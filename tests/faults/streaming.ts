import { setTimeout as sleep } from "node:timers/promises";
import { CouchDB, type Database } from "couchfetch";

/** A database whose every answer has these chunks for a body, and ends, or breaks, after them. */
export function answeringWith(chunks: Iterable<Uint8Array>, breaks = false): Database {
  const fetch = async () => {
    const rest = chunks[Symbol.iterator]();
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const { done, value } = rest.next();
          if (!done) controller.enqueue(value);
          else if (breaks) controller.error(new TypeError("terminated"));
          else controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  return new CouchDB("http://localhost:5984", { fetch }).database("animals");
}

/** What came of rows: all that were given, and how that ended. */
export interface Outcome<R> {
  rows: R[];
  summary?: object;
  error?: unknown;
}

/** Reads rows to their end. Whoever waits too long has met a hang. */
export async function outcome<R>(
  given: AsyncIterable<R> & { summary: Promise<object> },
  deadline = 5_000,
): Promise<Outcome<R>> {
  const rows: R[] = [];
  const read = async (): Promise<Outcome<R>> => {
    try {
      for await (const row of given) rows.push(row);
      return { rows, summary: await given.summary };
    } catch (error) {
      return { rows, error };
    }
  };
  const timer = new AbortController();
  const hang = sleep(deadline, undefined, { signal: timer.signal }).then(
    () => ({ rows, error: new Error(`No end within ${deadline} ms`) }),
    () => ({ rows }),
  );
  return Promise.race([read(), hang]).finally(() => timer.abort());
}
