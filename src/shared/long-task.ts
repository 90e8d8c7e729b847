import { hidesCookies } from "./runtime.js";

// Milliseconds. Timers and frames wait until a task is over.
const longest = 8;
// Where the clock stands still between I/O, as in Cloudflare Workers, characters that were parsed count.
const mostWork = 500_000;

let began = 0;
let done = 0;
let next: Promise<void> | undefined;

/**
 * If the runtime's current task takes long, a promise to await while other tasks run. All wait for the same
 * task, since Node runs several at once, and for another one if they come too late.
 *
 * @param work - characters parsed since the last call, or about as much work. Default: a few small rows
 */
export function otherTasks(work = 500): Promise<void> | undefined {
  done += work;
  if (done <= mostWork && Date.now() - began <= longest) return undefined;
  next ??= new Promise<void>(postTask).then(() => {
    next = undefined;
    began = Date.now();
    done = 0;
  });
  return next.then(() => otherTasks());
}

/**
 * Call a function in another task. `scheduler.yield` would keep timers from running, as do messages in Bun and
 * workerd. Browsers delay and throttle timers.
 */
function postTask(call: () => void): void {
  const { setImmediate = setTimeout } = globalThis as { setImmediate?: typeof postTask };
  if (!hidesCookies) return void setImmediate(call);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    call();
  };
  port2.postMessage(0);
}
