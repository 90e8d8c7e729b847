/** A client as plain as can be, for the tests of the server itself. */
export class Client {
  /** The header that says who it is. */
  readonly credentials: { authorization: string };
  readonly #origin: string;

  /** The URL carries the credentials. */
  constructor(url: string) {
    const { origin, username, password } = new URL(url);
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#origin = origin;
    const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
    this.credentials = { authorization };
  }

  send(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
    return fetch(this.#origin + path, {
      ...init,
      method,
      headers: { ...this.credentials, "content-type": "application/json", ...init.headers },
      ...(body !== undefined && { body: bodyOf(body) }),
    });
  }

  /** The JSON of an answer that has to be a good one. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say by what they expect what it is.
  async json(method: string, path: string, body?: unknown, init?: RequestInit): Promise<any> {
    const response = await this.send(method, path, body, init);
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response.json();
  }
}

function bodyOf(body: unknown): BodyInit {
  return body instanceof Uint8Array ? new Blob([body.slice()]) : JSON.stringify(body);
}

/** The lines of a body while they arrive; empty ones are heartbeats. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The lines that say something, parsed. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export async function* rowsOf(response: Response): AsyncGenerator<any> {
  for await (const line of linesOf(response)) if (line !== "") yield JSON.parse(line);
}
