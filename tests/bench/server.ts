/**
 * Sends what `data.ts` wrote, in a process of its own: `tsx server.ts folder`. `/small/…` in large
 * pieces, `/small-chunked/…` in chunks as CouchDB sends them; `/` tells how the server itself does. It takes
 * documents, and forgets them.
 */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { peak } from "./contenders/peak.js";

const folder = process.argv[2] ?? "";
// CouchDB's `chunked_response_buffer`: rows wait until the next one would go beyond.
const chunkedResponseBuffer = 1490;

const server = createServer(async (request, response) => {
  const headers = {
    "content-type": "application/json",
    "cache-control": "must-revalidate",
    server: "CouchDB/3.5.0 (Erlang OTP/25)",
    "access-control-allow-origin": request.headers.origin ?? "*",
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "",
    "access-control-allow-credentials": "true",
  };
  if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
  // Cloudant asks for its list by POST.
  if (!request.url?.endsWith("/_bulk_docs")) request.resume();
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const [, database = "", path = ""] = pathname.split("/");
  const [name = "", chunked] = database.split("-");
  if (name === "") return response.end(JSON.stringify({ sent: sent(), memory: peak() }));
  // What a live feed asks first.
  if (path === "") {
    response.writeHead(200, headers).end(`{"db_name":"${database}","instance_start_time":"1"}`);
    return;
  }
  if (path === "_bulk_docs") {
    const { docs } = (await json(request)) as { docs: { _id: string }[] };
    const rev = "1-967a00dff5e02add41819138abb3284d";
    const rows = docs.map(({ _id }) => ({ ok: true, id: _id, rev }));
    response.writeHead(201, headers).end(JSON.stringify(rows));
    return;
  }
  try {
    if (!path.startsWith("_")) {
      const body = await readFile(join(folder, name, "document"));
      const etag = JSON.stringify(JSON.parse(body.toString())._rev);
      response.writeHead(200, { ...headers, etag, "content-length": body.length }).end(body);
      return;
    }
    const file = join(folder, name, fileOf(path, searchParams));
    response.writeHead(200, headers);
    if (chunked) await sendChunked(file, response);
    else await pipeline(createReadStream(file), response);
  } catch (error) {
    // Whoever has left early is no failure.
    if (!response.destroyed) throw error;
  }
});

/** A live feed first requests a page, and then the rest. */
function fileOf(path: string, query: URLSearchParams): string {
  if (path !== "_changes" || query.has("feed")) return path;
  return query.has("since") ? "_changes-rest" : "_changes-first";
}

const connections = new Set<Socket>();
server.on("connection", (socket) => connections.add(socket));

/** How many MB were handed over to all connections that there ever were. */
function sent(): number {
  let bytes = 0;
  for (const { bytesWritten } of connections) bytes += bytesWritten;
  return bytes / 2 ** 20;
}

async function sendChunked(file: string, response: ServerResponse): Promise<void> {
  let chunk = "";
  let rest = "";
  let before = "";
  // As bytes: a chunk may begin and end where it likes.
  for await (const piece of createReadStream(file, "latin1")) {
    const rows = (rest + piece).split(",\r\n");
    rest = rows.pop() ?? "";
    for (const row of rows) {
      if (chunk !== "" && chunk.length + before.length + row.length > chunkedResponseBuffer) {
        await send(response, chunk);
        chunk = "";
      }
      chunk += before + row;
      before = ",\r\n";
    }
  }
  await send(response, chunk);
  response.end(before + rest, "latin1");
}

async function send(response: ServerResponse, chunk: string): Promise<void> {
  if (!response.write(chunk, "latin1")) await once(response, "drain");
  // Node gathers what is written in one turn; CouchDB sends each chunk by itself.
  await setImmediate();
}

server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
