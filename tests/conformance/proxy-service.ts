import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type FaultProxy, type SeenRequest, startProxy } from "../faults/proxy.js";
import type { Order, Rule } from "./proxies.js";

/** Starts fault proxies on demand, for cases that run where no server can be started. */
export async function startProxyService(target: string): Promise<{
  url: string;
  close(): Promise<void>;
}> {
  const proxies = new Map<string, FaultProxy>();

  async function obey({ proxy: url, order }: { proxy?: string; order: Order }): Promise<unknown> {
    if ("start" in order) {
      const started = await startProxy(target, planOf(order.start), order.isSecure);
      proxies.set(started.url, started);
      return { url: started.url };
    }
    const proxy = proxies.get(url ?? "");
    if (!proxy) throw new Error(`there is no proxy ${url}`);
    const { requests, headers, underWay } = proxy;
    if ("breakOff" in order) for (const passing of underWay) passing.breakOff(order.breakOff);
    if ("goOn" in order) for (const passing of underWay) passing.goOn();
    if ("refuse" in order) await proxy[order.refuse ? "refuse" : "accept"]();
    if ("close" in order) {
      proxies.delete(proxy.url);
      await proxy.close();
    }
    const bytes = Array.from(underWay, ({ sent }) => sent);
    return { requests, headers, underWay: bytes };
  }

  const server = createServer(async (request, response) => {
    // Any page may order: this is for tests, on the loopback.
    response.setHeader("access-control-allow-origin", "*");
    try {
      response.end(JSON.stringify(await obey((await json(request)) as Parameters<typeof obey>[0])));
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      for (const proxy of proxies.values()) await proxy.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What becomes of a request: as the first rule says that is for it, and has not been used up. */
function planOf(rules: Rule[]) {
  const plans = rules.map((rule) => ({ ...rule, used: 0, ...gathering(rule.together ?? 1) }));
  return async ({ method, path }: SeenRequest) => {
    const plan = plans.find(
      ({ of, used, times = Number.POSITIVE_INFINITY }) =>
        used < times && new RegExp(of).test(`${method} ${path}`),
    );
    if (!plan) return undefined;
    plan.used += 1;
    await plan.gathered();
    return plan.fault;
  };
}

/** Has those who come wait for each other, until there are so many. */
function gathering(many: number): { gathered(): Promise<void> } {
  let come = 0;
  let go = () => {};
  const complete = new Promise<void>((resolve) => {
    go = resolve;
  });
  return {
    gathered() {
      come += 1;
      if (come >= many) go();
      return complete;
    },
  };
}
