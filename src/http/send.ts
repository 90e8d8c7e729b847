import ky, { HTTPError } from "ky";
import type { Auth, AuthAnswer, AuthServer } from "../auth/auth.js";
import { credentials, hidesCookies, resends, unrepeatable } from "../shared/runtime.js";
import type { Operation } from "../streams/operation.js";
import { failure } from "./failure.js";
import { toHeaders } from "./headers.js";
import { type Call, type Fetch, reads } from "./request.js";
import { mayPass, waitBefore } from "./retry.js";

/** What requests of a session have in common. */
export interface Sender {
  readonly auth: Auth | undefined;
  /** What the Auth is told of. */
  readonly server: AuthServer;
  readonly fetch: Fetch | undefined;
  /** By their names in lower case. */
  readonly headers: Record<string, string>;
  /** Milliseconds to the headers, and for a body that is read whole. */
  readonly timeout: number;
  /** How often what is safe to send twice is tried again. */
  readonly retries: number;
  readonly feedRetries: number;
}

/** An answer whose headers are here, while its body may be on its way. */
export interface Exchange {
  response: Response;
  /** The body, if it was to be read whole; there is nothing to close then. */
  text: string;
  /** Aborts when that is done, or the operation is ended. */
  signal: AbortSignal;
  /** Hangs up, if the body is not here yet. */
  close(): void;
}

/**
 * Sends a call, a read again where that may help. ky could do so by itself, and take a signal, but
 * either would cost each request more than the rest of it that is ours.
 *
 * @param isWhole - whether the body is to be read, too: what is lost with it is asked for again
 */
export async function send(
  sender: Sender,
  call: Call,
  url: string,
  operation: Operation,
  isWhole: boolean,
): Promise<Exchange> {
  const connection = new AbortController();
  const { signal } = connection;
  const letGo = operation.onEnd(() => connection.abort());
  const close = () => {
    letGo();
    connection.abort();
  };
  const isRead = reads(call);
  const timeout = call.timeout ?? sender.timeout;
  const isSafe = isRead || (call.repeats ?? false);
  // Made anew for each try: a stream is gone with it.
  const toSend = () => (isSafe || !resends ? call : { ...call, body: once(call.body) });
  const retries = call.once || call.body instanceof ReadableStream ? 0 : sender.retries;
  const explain = (thrown: unknown) => {
    operation.throwIfEnded();
    return failure(thrown, { method: call.method, url, reads: isRead }, timeout);
  };
  let isSigned = false;
  try {
    for (let attempt = 1; ; ) {
      const sent = await signature(sender, call, operation);
      const answer = request(sender, toSend(), url, sent, timeout, signal);
      const hear = (response: Response, reason?: string) =>
        isHeard(sender, call, { response, sent: sent ?? {}, reason }, operation);
      let response: Response;
      let text = "";
      try {
        response = await operation.race(answer);
        if (isWhole) text = await operation.race(answer.text());
      } catch (thrown) {
        // A fetch may be deaf, and answer when nobody waits any more.
        answer.then(({ body }) => body?.cancel()).catch(() => {});
        const error = explain(thrown);
        if (thrown instanceof HTTPError && (await hear(thrown.response, error.reason))) {
          // Once: what is refused again is refused.
          const isNew = !isSigned && !(call.body instanceof ReadableStream);
          isSigned = true;
          if (isNew) continue;
        }
        if (attempt > retries || !mayPass(error, isSafe)) throw error;
        await operation.sleep(waitBefore(attempt, error));
        attempt += 1;
        continue;
      }
      await hear(response).catch((error) => {
        operation.throwIfEnded();
        // A write that is done is done, whatever becomes of the Auth.
        if (isRead) throw error;
      });
      if (isWhole) letGo();
      return { response, text, signal, close };
    }
  } catch (error) {
    close();
    throw error;
  }
}

/** What a runtime that sends again by itself cannot send twice. Bun knows a Blob behind its own stream. */
function once(body: Call["body"]) {
  if (body === undefined || body instanceof ReadableStream) return body;
  return new Blob([body]).stream().pipeThrough(new TransformStream());
}

/** What the session's Auth has to say of who is asking. */
async function signature({ auth, server }: Sender, { anonymous }: Call, operation: Operation) {
  if (!auth || anonymous) return undefined;
  return operation.race(Promise.resolve(auth.headers(server)));
}

/** Tells the Auth of an answer; true if the request may be sent anew. */
async function isHeard(
  { auth, server }: Sender,
  { anonymous }: Call,
  { response, ...rest }: Pick<AuthAnswer, "sent" | "reason"> & { response: Response },
  operation: Operation,
): Promise<boolean> {
  if (!auth?.answered || anonymous) return false;
  const { status, headers } = response;
  return operation.race(Promise.resolve(auth.answered({ status, headers, ...rest }, server)));
}

/**
 * A fetch within a timeout. ky makes a Request of its own, which nobody needs: to pass that on, with its
 * headers, would have a runtime copy it.
 */
function request(
  { fetch, headers }: Sender,
  { method, body, raw, ...call }: Call,
  url: string,
  sent: Record<string, string> | undefined,
  timeout: number | false,
  signal: AbortSignal,
) {
  const { cookie, ...signed } = { ...toHeaders(call.headers), ...toHeaders(sent) };
  // Of no cookie nothing is said; but to a browser that its own are meant.
  if (cookie) signed.cookie = cookie;
  const init = {
    method,
    headers: {
      ...headers,
      accept: raw ? "*/*" : "application/json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...signed,
    },
    ...(body === undefined ? {} : { body }),
    ...(hidesCookies && cookie !== undefined ? { credentials: "include" } : credentials),
    redirect: "manual",
    ...(typeof body === "object" ? { ...unrepeatable, duplex: "half" } : {}),
    signal,
  } as RequestInit;
  return ky(url, {
    timeout,
    retry: 0,
    fetch: () => (fetch ? fetch(new Request(url, init)) : globalThis.fetch(url, init)),
  });
}
