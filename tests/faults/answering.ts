import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that answers as the test says, right or wrong, and knows what it was asked. */
export interface Answering {
  url: string;
  /** Each request, in order: `GET /animals/cat`. */
  requests: string[];
  headers: IncomingMessage["headers"][];
  /** Resolves when a client has left before the answer was complete. */
  left: Promise<void>;
  close(): Promise<void>;
}

/** A database that nothing has happened in yet: what a live feed asks before it is live. */
export const database = { db_name: "animals", instance_start_time: "1" };

/**
 * @param answer - given the response, how many requests came before, and the request
 * @param knows - what there is to tell of `/animals` itself, without asking or counting
 * @param hasChanges - whether a live feed of `/animals` has something to catch up with: `answer` is asked for it
 */
export async function startAnswering(
  answer: (
    response: ServerResponse,
    before: number,
    request: IncomingMessage,
    body: string,
  ) => void,
  knows?: object,
  hasChanges = !knows,
): Promise<Answering> {
  const requests: string[] = [];
  const headers: IncomingMessage["headers"][] = [];
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (knows && pathname === "/animals") return json(response, 200, knows);
    const isCatchingUp = searchParams.has("heartbeat") && !searchParams.has("feed");
    if (isCatchingUp && !hasChanges) {
      const last_seq = searchParams.get("since") ?? 0;
      return json(response, 200, { results: [], last_seq, pending: 0 });
    }
    response.on("close", () => {
      if (!response.writableFinished) leave();
    });
    const body: Buffer[] = [];
    request.on("data", (chunk) => body.push(chunk));
    request.on("end", () => {
      requests.push(`${request.method} ${request.url}`);
      headers.push(request.headers);
      answer(response, requests.length - 1, request, Buffer.concat(body).toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    headers,
    left,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON as CouchDB does. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(`${JSON.stringify(body)}\n`);
}
