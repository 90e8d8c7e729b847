import { once } from "node:events";
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { selfSigned } from "./self-signed.js";

/**
 * How an answer breaks off: hung up on in its middle, when what was sent has arrived or at once; ended as
 * if it were complete; or silent from then on, over a connection that stays.
 */
export type Break = "cut" | "reset" | "end" | "stall";

interface CannedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** What goes wrong with a request. */
export interface Fault {
  /** Milliseconds that it waits before it is passed on. */
  delay?: number;
  /** An answer in the server's stead, which is not asked. */
  answer?: CannedAnswer;
  /** An answer in place of the server's, which was asked, and has done what it was asked. */
  instead?: CannedAnswer;
  /** The server is asked, does what it was asked, and is not heard: without a byte, it is hung up. */
  unheard?: true;
  /** Bytes of the request's body that are passed on before both sides are hung up on. */
  taken?: number;
  /** Bytes of the answer's body that go out at once, each time in a turn of their own. */
  trickle?: number;
  /** Milliseconds after each of these. */
  pause?: number;
  /** Bytes of the answer's body after which it waits to be told to go on. */
  hold?: number;
  /** Bytes of the answer's body after which it breaks off; none yet, but the headers: 0. */
  after?: number;
  /** How it does. Without `after`, before the headers. */
  how?: Break;
}

export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
}

/** A request under way. */
interface Passing extends SeenRequest {
  /** Bytes of the answer's body so far. */
  readonly sent: number;
  breakOff(how: Break): void;
  /** Ends the wait of a `hold`. */
  goOn(): void;
}

/** A proxy before a server, which does what networks do. */
export interface FaultProxy {
  url: string;
  /** Each request, in order: `GET /animals/_changes?since=1`. */
  readonly requests: string[];
  /** The headers of each. */
  readonly headers: IncomingMessage["headers"][];
  /** Those that are not answered yet, oldest first. */
  readonly underWay: ReadonlySet<Passing>;
  /** Refuses connections, and hangs up on those there are. */
  refuse(): Promise<void>;
  /** Takes connections again. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param target - the URL of the server, or of one of its nodes for each request
 * @param faultOf - given the request, and how many came before
 * @param isSecure - whether it speaks HTTPS, with a certificate that nobody trusts
 */
export async function startProxy(
  target: string | ((request: SeenRequest) => string),
  faultOf: (
    request: SeenRequest,
    before: number,
  ) => Fault | undefined | Promise<Fault | undefined> = () => undefined,
  isSecure = false,
): Promise<FaultProxy> {
  const requests: string[] = [];
  const headers: FaultProxy["headers"] = [];
  const underWay = new Set<Passing>();

  const handle: RequestListener = (incoming, answer) => {
    const { method = "GET", url: path = "/" } = incoming;
    const fault = faultOf({ method, path }, requests.length);
    requests.push(`${method} ${path}`);
    headers.push(incoming.headers);
    const passage = new Passage({ method, path }, incoming, answer);
    underWay.add(passage);
    answer.once("close", () => underWay.delete(passage));
    const run = (known: Fault = {}) =>
      passage.run(typeof target === "string" ? target : target({ method, path }), known);
    void Promise.resolve(fault).then(run);
  };
  const server = isSecure ? createSecureServer(selfSigned, handle) : createServer(handle);
  const listen = async (port: number) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const stop = async () => {
    if (!server.listening) return;
    const stopped = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await stopped;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `${isSecure ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    headers,
    underWay,
    refuse: stop,
    accept: () => listen(port),
    close: stop,
  };
}

class Passage implements Passing {
  readonly method: string;
  readonly path: string;
  readonly #incoming: IncomingMessage;
  readonly #answer: ServerResponse;
  readonly #released: Promise<void>;
  goOn = () => {};
  #isBroken = false;
  sent = 0;

  constructor({ method, path }: SeenRequest, ...[incoming, answer]: Parameters<RequestListener>) {
    this.method = method;
    this.path = path;
    this.#incoming = incoming;
    this.#answer = answer;
    this.#released = new Promise((resolve) => {
      this.goOn = resolve;
    });
  }

  breakOff(how: Break): void {
    this.#isBroken = true;
    // What was written so far is to arrive.
    if (how === "cut") this.#answer.socket?.end();
    else if (how === "reset") this.#answer.socket?.resetAndDestroy();
    else if (how === "end") this.#answer.end();
  }

  async run(target: string, { delay, answer, how, ...fault }: Fault): Promise<void> {
    if (delay !== undefined) await sleep(delay);
    if (answer !== undefined) {
      this.#incoming.resume();
      this.#can(answer);
    } else if (fault.after === undefined && !fault.unheard && how !== undefined) {
      this.breakOff(how);
    } else {
      await this.#pass(target, fault, how ?? "cut").catch(() => this.breakOff("reset"));
    }
  }

  #can({ status, headers, body }: CannedAnswer): void {
    // A page, too, may read it.
    const { origin } = this.#incoming.headers;
    if (origin) this.#answer.setHeader("access-control-allow-origin", origin);
    if (origin) this.#answer.setHeader("access-control-allow-credentials", "true");
    this.#answer.writeHead(status, headers).end(body);
  }

  async #pass(target: string, fault: Fault, how: Break): Promise<void> {
    const { after } = fault;
    const { method, headers } = this.#incoming;
    const outgoing = ask(target + this.path, { method, headers });
    this.#answer.once("close", () => outgoing.destroy());
    // Whoever waits for the answer hears of it.
    outgoing.on("error", () => {});
    if (fault.taken !== undefined) {
      // A request without a body only ends.
      const first = ["data", "end"].map((event) => once(this.#incoming, event));
      const [chunk = Buffer.alloc(0)] = await Promise.race(first);
      // What is no more than a part, the server does not take for the whole.
      outgoing.write(chunk.subarray(0, Math.min(fault.taken, chunk.length - 1)));
      outgoing.destroy();
      return this.breakOff("reset");
    }
    this.#incoming.pipe(outgoing);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    if (fault.unheard) {
      response.resume();
      return this.breakOff(how);
    }
    if (fault.instead) {
      response.resume();
      return this.#can(fault.instead);
    }
    const { "content-length": _, "transfer-encoding": __, ...rest } = response.headers;
    this.#answer.writeHead(response.statusCode as number, rest);
    this.#answer.flushHeaders();
    if (after === 0) return this.breakOff(how);
    for await (const chunk of response) {
      await this.#write(chunk, fault);
      if (this.#isBroken) return;
      if (this.sent === after) return this.breakOff(how);
    }
    this.#answer.end();
  }

  async #write(chunk: Buffer, { after, hold = 0, trickle, pause }: Fault): Promise<void> {
    const end = after ?? Number.POSITIVE_INFINITY;
    const most = trickle ?? chunk.length;
    for (let at = 0; at < chunk.length && this.sent < end && !this.#isBroken; ) {
      const border = this.sent < hold ? Math.min(hold, end) : end;
      const piece = chunk.subarray(at, at + Math.min(most, border - this.sent));
      at += piece.length;
      this.sent += piece.length;
      if (!this.#answer.write(piece)) await this.#room();
      if (this.sent === hold) await this.#released;
      if (this.#answer.destroyed) return;
      if (pause !== undefined) await sleep(pause);
      else if (most < chunk.length) await setImmediate();
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        this.#answer.off("drain", settle).off("close", settle);
        resolve();
      };
      this.#answer.once("drain", settle).once("close", settle);
    });
  }
}
