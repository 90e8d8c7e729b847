import { type Lacks, reasonToSkip, runCase, type Server } from "../conformance/case.js";
import { suites } from "../conformance/cases/index.js";

/** What a runtime is to do. */
export interface Order {
  server: Server;
  /** What this runtime, or this server, cannot do, and why. */
  lacks: Lacks;
  /** Only cases whose names contain this. */
  only: string;
  /** Where the results go. */
  results: string;
}

/** What became of a case; without `failed` and `skipped`, it passed. */
export interface Result {
  name: string;
  failed?: string;
  skipped?: string;
}

/** What is sent to say that there is nothing more to come. */
export const end = "end";

// No case takes as long on the slowest machine.
const patience = 20_000;

/** The cases that are asked for, by their names. */
export function chosen({ only }: Pick<Order, "only">) {
  const named = Object.entries(suites).flatMap(([suite, cases]) =>
    cases.map((each) => [`${suite}: ${each.name}`, each] as const),
  );
  return named.filter(([name]) => name.includes(only));
}

/** Runs the suite wherever this is, and tells what became of each case as soon as that is known. */
export async function run(order: Order): Promise<void> {
  const tell = async (body: string) => {
    await (await fetch(order.results, { method: "POST", body })).text();
  };
  for (const [name, each] of chosen(order)) {
    const result: Result = { name };
    const reason = reasonToSkip(each, order.lacks);
    if (reason) result.skipped = reason;
    else await inTime(runCase(each, order.server)).catch((error) => (result.failed = text(error)));
    await tell(JSON.stringify(result));
  }
  await tell(end);
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${patience} ms`)), patience);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

// The stack has the message in V8 only.
function text(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.stack?.includes(error.message) ? error.stack : `${error}\n${error.stack}`;
}
