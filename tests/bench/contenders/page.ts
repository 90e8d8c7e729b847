/** What `process.ts` is to processes, for a page. */

import { type Contender, Tally, type Task } from "./contender.js";
import { watchTasks } from "./tasks.js";

export async function measure(module: string, run: string, task: Omit<Task, "tally">) {
  const contender: Contender = (await import(`./${module}.js`))[run];
  const tally = new Tally();
  await (await fetch("data:,")).text();
  const longestTask = watchTasks();

  const start = performance.now();
  await contender({ ...task, tally });
  const wall = performance.now() - start;

  const blocked = longestTask();
  return { wall, first: tally.first - start, blocked, count: tally.count, sum: tally.sum };
}
