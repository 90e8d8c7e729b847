import { request as ask, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Where an answer is cut, and whether that looks like its end; undefined to let it pass. */
export interface Cut {
  bytes: number;
  cleanly?: boolean;
}

/** A proxy before a server, which cuts answers off. */
export interface Cutting {
  url: string;
  /** Each request that it passed on, in order: its method, path and query. */
  requests: string[];
  close(): Promise<void>;
}

/** @param cut - given the request's path and how many came before */
export async function startCutting(
  target: string,
  cut: (path: string, before: number) => Cut | undefined,
): Promise<Cutting> {
  const requests: string[] = [];
  const server = createServer((incoming, answer) => {
    const path = incoming.url as string;
    const { bytes = Number.POSITIVE_INFINITY, cleanly = false } = cut(path, requests.length) ?? {};
    requests.push(`${incoming.method} ${path}`);
    const { method, headers } = incoming;
    const outgoing = ask(target + path, { method, headers }, async (response) => {
      const { "content-length": _, "transfer-encoding": __, ...rest } = response.headers;
      answer.writeHead(response.statusCode as number, rest);
      answer.flushHeaders();
      let left = bytes;
      for await (const chunk of response) {
        if (left > 0) answer.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) continue;
        // What was written so far is to arrive.
        if (!cleanly) answer.socket?.end();
        break;
      }
      answer.end();
    });
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
