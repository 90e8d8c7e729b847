import {
  BadRequestError,
  ConflictError,
  CouchDBError,
  type Database,
  ForbiddenError,
  NetworkError,
  NotFoundError,
} from "couchfetch";

export type Animal = { name: string; legs: number };

const status = (code: number) => Response.json({ status: code }, { status: code });

export async function answer(request: Request, animals: Database<Animal>): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const { method } = request;
  if (pathname === "/animals" && method === "GET") return list(animals, searchParams.get("legs"));
  const [, encoded = ""] = /^\/animals\/([^/]+)$/.exec(pathname) ?? [];
  const id = decodeURIComponent(encoded);
  // What begins with _ is CouchDB's own, such as the code of design documents.
  if (id === "" || id.startsWith("_")) return status(404);
  if (method === "GET") return read(animals, id, request.headers.get("if-none-match"));
  if (method === "PUT") return write(animals, id, request);
  return new Response(null, { status: 405, headers: { allow: "GET, PUT" } });
}

/** A line of JSON for each, as CouchDB finds them, and no faster than they are taken. */
async function list(animals: Database<Animal>, legs: string | null): Promise<Response> {
  if (!/^\d{1,3}$/.test(legs ?? "")) return status(400);
  const pieces = animals.find({ legs: Number(legs) }).batches();
  // Waited for, so that an error has its status. A later one can only cut the answer off.
  let next = await pieces.next();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (next.done) return controller.close();
        const lines = next.value.map((animal) => `${JSON.stringify(animal)}\n`);
        controller.enqueue(encoder.encode(lines.join("")));
        next = await pieces.next();
      },
      // Who has left needs no more of CouchDB, either.
      cancel: async () => void (await pieces.return?.()),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "application/jsonl" } });
}

async function read(animals: Database<Animal>, id: string, known: string | null) {
  const { rev, data } = await animals.get(id);
  const etag = `"${rev}"`;
  // It may be a list, and weak.
  if (known?.includes(etag)) return new Response(null, { status: 304, headers: { etag } });
  return Response.json(data, { headers: { etag } });
}

/** Creates it, or replaces the revision that `If-Match` names. */
async function write(animals: Database<Animal>, id: string, request: Request) {
  const { name, legs } = Object(await request.json().catch(() => null));
  if (typeof name !== "string" || !Number.isInteger(legs)) return status(400);
  // These two only: what begins with _ can delete a document.
  const animal = animals.document(id, { name, legs });
  const condition = request.headers.get("if-match");
  const [, rev] = /^"([^"]+)"$/.exec(condition ?? "") ?? [];
  // A condition that is not understood is not met.
  if (condition !== null && !rev) return status(412);
  if (rev) animal.rev = rev;
  await animal.save();
  const headers = { etag: `"${animal.rev}"` };
  return new Response(null, { status: rev ? 204 : 201, headers });
}

/** What an error is for who has asked. */
export function failure(error: unknown): Response {
  // A database that is missing is a mistake of ours, and so is a wrong password.
  if (error instanceof NotFoundError && /^(missing|deleted)$/.test(error.reason ?? "")) {
    return status(404);
  }
  if (error instanceof ConflictError) return status(409);
  // A validation function's word.
  if (error instanceof ForbiddenError) return status(403);
  if (error instanceof BadRequestError || error instanceof URIError) return status(400);
  if (!(error instanceof CouchDBError)) return status(500);
  // It may be saved all the same, if the answer was lost.
  const mayHaveHappened = error instanceof NetworkError && error.mayHaveHappened;
  return Response.json({ status: 502, mayHaveHappened }, { status: 502 });
}
