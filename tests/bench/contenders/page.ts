/** What `process.ts` is to processes, for a page. */

import { type Contender, Tally, type Task } from "./contender.js";

// The platform tells of tasks from here on only.
const shortestTold = 50;

export async function measure(module: string, run: string, task: Omit<Task, "tally">) {
  const contender: Contender = (await import(`./${module}.js`))[run];
  const tally = new Tally();
  await (await fetch("data:,")).text();
  let blocked = shortestTold;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) blocked = Math.max(blocked, duration);
  });
  observer.observe({ type: "longtask" });

  const start = performance.now();
  await contender({ ...task, tally });
  const wall = performance.now() - start;

  // The last task is told of when it is over.
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return { wall, first: tally.first - start, blocked, count: tally.count, sum: tally.sum };
}
