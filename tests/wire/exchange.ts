import { type IncomingHttpHeaders, type RequestOptions, request } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Exchange {
  url: string;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer | string | undefined;
  /** Called when the first byte of the body is there. */
  started?: () => void;
  /** Looks at the body so far; true to hang up. */
  enough?: (body: string) => boolean;
}

/** Sends a request just as it is written down. Node's fetch would add headers of its own. */
export function exchange({ url, method, path, headers, body, started, enough }: Exchange) {
  const { hostname, port } = new URL(url);
  const options: RequestOptions = { hostname, port, method, path, headers: { ...headers } };
  if (body !== undefined) {
    options.headers = { ...headers, "content-length": String(Buffer.byteLength(body)) };
  }
  return new Promise<Answer>((resolve, reject) => {
    const sent = request({ ...options, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      const bytes = () => Buffer.concat(chunks);
      const done = () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes() });
      response.on("data", (chunk: Buffer) => {
        if (chunks.length === 0) started?.();
        chunks.push(chunk);
        if (enough?.(bytes().toString()) !== true) return;
        done();
        sent.destroy();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
