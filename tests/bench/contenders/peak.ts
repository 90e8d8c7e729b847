import { readFileSync } from "node:fs";
import process from "node:process";

/** The most memory that was ever in use by this process, in MB. */
export function peak(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  const [, kilobytes] = /VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}
