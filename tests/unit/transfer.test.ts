import { afterEach, expect, test, vi } from "vitest";
import { HttpClient } from "../../src/http/client.js";
import { prepareUpload } from "../../src/http/upload.js";

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
  const { request, end } = await prepareUpload(
    client,
    { method: "PUT", path: "animals/cat/photo", body: undefined },
    content,
    client.begin(undefined),
  );
  expect(vi.getTimerCount()).toBe(1);
  const reading = (request.body as unknown as ReadableStream).getReader().read();
  end();
  await reading;
  expect(vi.getTimerCount()).toBe(0);
});
