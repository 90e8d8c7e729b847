import { expect } from "vitest";

/** What somebody is given who reads Server-Sent Events. */
export class Visit {
  readonly events: { id: string; deleted?: boolean; doc?: object }[] = [];
  comments = 0;
  /** Of the last event: what a browser comes back with. */
  place = "";
  /** Resolves when there are no more, for whatever reason. */
  readonly ended: Promise<void>;
  readonly #leaving: AbortController;
  #response: Response | undefined;

  constructor(body: ReadableStream<Uint8Array>, leaving = new AbortController()) {
    this.#leaving = leaving;
    this.ended = this.#read(body).catch(() => {});
  }

  /** Resolves when it has been told where it stands. */
  static async begin(url: string, lastEventId?: string): Promise<Visit> {
    const leaving = new AbortController();
    const headers: HeadersInit = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
    const response = await fetch(url, { headers, signal: leaving.signal });
    if (response.status !== 200 || !response.body)
      throw new Error(`It answered ${response.status}`);
    const visit = new Visit(response.body, leaving);
    visit.#response = response;
    await expect.poll(() => visit.place, { timeout: 10_000 }).not.toBe("");
    return visit;
  }

  get response(): Response {
    return this.#response as Response;
  }

  /** Resolves when there are events of these documents; a moment later there may be more. */
  async brings(...ids: string[]): Promise<void> {
    const seen = () => this.events.map(({ id }) => id);
    await expect.poll(() => seen().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(ids.length);
    expect(seen()).toEqual(ids);
  }

  leave(): void {
    this.#leaving.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    this.#leaving.signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (text + decoder.decode(value, { stream: true })).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) this.#take(block);
    }
  }

  #take(block: string): void {
    for (const line of block.split("\n")) {
      const [, name, value = ""] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      if (name === "") this.comments += 1;
      if (name === "id") this.place = value;
      if (name === "data") this.events.push(JSON.parse(value));
    }
  }
}
