/** `fetch` alone: it reads the bytes of a large response, and nothing more. */

import { type Contender, type Getter, oneByOne, sixtyFourAtATime } from "./contender.js";
import { locate } from "./locate.js";

export const docs = draining("_all_docs?include_docs=true", /\]\s*\}\s*$/);
export const feed = draining("_changes?include_docs=true", /"pending":0\}\s*$/);

function draining(path: string, end: RegExp): Contender {
  return async ({ server, database, count, tally }) => {
    const { url, headers } = locate(`${server}/${database}/${path}`);
    const response = await fetch(url, { headers });
    if (!response.ok || !response.body) throw new Error(`${path}: ${response.status}`);
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let last: Uint8Array[] = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      // The head comes alone.
      if (tally.first === 0 && decoder.decode(value).includes('"doc"')) tally.begin();
      last = [...last.slice(-2), value];
    }
    const tail = last.map((piece) => decoder.decode(piece)).join("");
    if (!end.test(tail)) throw new Error(`${path} ended early, with ${tail.slice(-100)}`);
    // It has not counted them: a complete response has them all.
    tally.count = count;
  };
}

const getter: Getter = ({ server, database }) => {
  const { url, headers } = locate(`${server}/${database}`);
  return async (id) => (await fetch(`${url}/${id}`, { headers })).json();
};

export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);
