import { afterEach, expect, test, vi } from "vitest";
import { HttpClient } from "../../src/http/client.js";
import { sendContent } from "../../src/http/upload.js";

afterEach(() => {
  vi.useRealTimers();
});

test("an upload that has ended does not watch the server", async () => {
  vi.useFakeTimers();
  const client = new HttpClient("http://127.0.0.1", JSON, {
    auth: undefined,
    fetch: undefined,
    hooks: undefined,
    headers: {},
    timeout: 1000,
    silenceTimeout: 1000,
    retries: 0,
    feedRetries: 0,
  });
  const source = new ReadableStream<Uint8Array>();
  const content = { body: new Response(source), isStream: true };
  const request = { method: "PUT", path: "animals/cat/photo", body: undefined } as const;
  let reading: Promise<unknown> | undefined;
  await sendContent(client, request, content, client.begin(undefined), async ({ body }) => {
    expect(vi.getTimerCount()).toBe(1);
    reading = (body as unknown as ReadableStream).getReader().read();
  });
  await reading;
  expect(vi.getTimerCount()).toBe(0);
});
