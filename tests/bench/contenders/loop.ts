/** What one writes by hand, who knows that CouchDB sends a row a line. */

import { aSecond, inParallel, type Task } from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  for await (const lines of linesOf(`${server}/${database}/_all_docs?include_docs=true`)) {
    for (const line of lines) {
      // Neither the head nor the tail is a row.
      if (!line.startsWith('{"id"')) continue;
      const row = JSON.parse(line.endsWith(",\r") ? line.slice(0, -2) : line);
      tally.add(row.doc);
    }
  }
}

export const many = inParallel(docs);

export async function held({ server, database, count, tally }: Task): Promise<void> {
  for await (const lines of linesOf(`${server}/${database}/_all_docs?include_docs=true`)) {
    for (const line of lines) {
      if (!line.startsWith('{"id"')) continue;
      const row = JSON.parse(line.endsWith(",\r") ? line.slice(0, -2) : line);
      tally.add(row.doc);
      await aSecond();
      if (tally.count === count) return;
    }
  }
}

export async function feed({ server, database, count, tally }: Task): Promise<void> {
  const query = `feed=continuous&include_docs=true&heartbeat=10000&limit=${count}`;
  for await (const lines of linesOf(`${server}/${database}/_changes?${query}`)) {
    for (const line of lines) {
      // A heartbeat.
      if (line === "") continue;
      const change = JSON.parse(line);
      if (change.last_seq !== undefined) return;
      tally.add(change.doc);
    }
  }
}

async function* linesOf(url: string): AsyncGenerator<string[], void, void> {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${url}: ${response.status}`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield lines;
    }
  } finally {
    await reader.cancel();
  }
}
