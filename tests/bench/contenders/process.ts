/** Runs one contender in a fresh process, and prints what it took: `process.js module run task`. */

import process from "node:process";
import { type Contender, Tally } from "./contender.js";
import { peak } from "./peak.js";
import { watchTasks } from "./tasks.js";

const [, , module = "", run = "", task = "{}"] = process.argv;
const contender: Contender = (await import(`./${module}.js`))[run];
const tally = new Tally();

// Node loads its fetch when it is first asked for: some contenders ask on being imported, some later.
await (await fetch("data:,")).text();

const longestTask = watchTasks();
const cpuBefore = process.cpuUsage();
const start = performance.now();
await contender({ ...JSON.parse(task), tally });
const wall = performance.now() - start;
const { user, system } = process.cpuUsage(cpuBefore);
const blocked = longestTask();

const cpu = (user + system) / 1000;
// Without documents of its own, an import has no first one.
const first = tally.first === 0 ? undefined : tally.first - start;
const measured = { cpu, wall, first, memory: peak(), blocked };
console.log(JSON.stringify({ ...measured, count: tally.count, sum: tally.sum }));
// A connection that is kept alive would keep the process.
process.exit();
