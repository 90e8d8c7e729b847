import { CouchDBError, type Database, NetworkError, NotFoundError, page } from "couchfetch";

export type Animal = { name: string; legs: number };

const status = (code: number) => Response.json({ status: code }, { status: code });

export async function answer(request: Request, animals: Database<Animal>): Promise<Response> {
  const url = new URL(request.url);
  const { method } = request;
  if (url.pathname === "/animals" && method === "GET") return list(animals, url);
  const [, encoded = "", photo] = /^\/animals\/([^/]+)(\/photo)?$/.exec(url.pathname) ?? [];
  const id = decodeURIComponent(encoded);
  // CouchDB's own ids begin with _, such as those of design documents.
  if (id === "" || id.startsWith("_")) return status(404);
  if (method === "GET") return photo ? readPhoto(animals, id, request) : read(animals, id, request);
  if (method === "PUT")
    return photo ? writePhoto(animals, id, request) : write(animals, id, request);
  return new Response(null, { status: 405, headers: { allow: "GET, PUT" } });
}

/** A page of the animals with so many legs, or of all, and the URL of the next one. */
async function list(animals: Database<Animal>, { pathname, searchParams: query }: URL) {
  const legs = query.get("legs");
  if (legs !== null && !/^\d{1,3}$/.test(legs)) return status(400);
  // Nobody waits for a page as long as a query may take.
  const place = { size: 50, cursor: query.get("cursor"), timeout: 10_000 };
  const reading =
    legs === null
      ? page(animals, place)
      : page(animals, { ...place, selector: { legs: Number(legs) } });
  const found = await reading.catch((error) => {
    if (!(error instanceof TypeError)) throw error;
  });
  // The cursor belongs to another query.
  if (!found) return status(400);
  if (found.next) query.set("cursor", found.next);
  return Response.json({ animals: found.rows, next: found.next && `${pathname}?${query}` });
}

async function read(animals: Database<Animal>, id: string, { headers }: Request) {
  const { rev, data } = await animals.get(id);
  const etag = `"${rev}"`;
  // It may be a list, and weak.
  if (headers.get("if-none-match")?.includes(etag)) {
    return new Response(null, { status: 304, headers: { etag } });
  }
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

const passed = ["content-type", "content-length", "content-range", "etag"];

/** Streams the photo, or a range of it, no faster than it is taken. */
async function readPhoto(animals: Database<Animal>, id: string, { headers }: Request) {
  const animal = await animals.get(id);
  const photo = await animal.attachment("photo").fetch({
    range: headers.get("range") ?? undefined,
    ifNoneMatch: headers.get("if-none-match") ?? undefined,
  });
  const given = [...photo.headers].filter(([name]) => passed.includes(name));
  return new Response(photo.body, { status: photo.status, headers: given });
}

async function writePhoto(animals: Database<Animal>, id: string, { headers, body }: Request) {
  const type = headers.get("content-type") ?? "";
  if (!body || !/^image\/(avif|jpeg|png|webp)$/.test(type)) return status(415);
  const animal = await animals.get(id);
  await animal.attachment("photo").save(body, type);
  return new Response(null, { status: 204, headers: { etag: `"${animal.rev}"` } });
}

/** What an error is to the client. */
export function failure(error: unknown): Response {
  if (error instanceof URIError) return status(400);
  if (!(error instanceof CouchDBError)) return status(500);
  // A missing database is a mistake of ours, and so is a wrong password.
  const { status: code = 502, reason = "" } = error;
  const isMissing = error instanceof NotFoundError && /missing|deleted/.test(reason);
  if (isMissing || [400, 403, 409, 416].includes(code)) return status(code);
  // It may be saved all the same, if the response was lost.
  const mayHaveHappened = error instanceof NetworkError && error.mayHaveHappened;
  return Response.json({ status: 502, mayHaveHappened }, { status: 502 });
}
