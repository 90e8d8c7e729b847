import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is on this machine, or undefined. `CHROMIUM_PATH` wins. */
export function findChromium(): string | undefined {
  return findBrowser("CHROMIUM_PATH", [
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    chromium.executablePath(),
  ]);
}

/** The first that is there, if the variable does not name one. */
export function findBrowser(variable: string, usual: string[]): string | undefined {
  const given = process.env[variable];
  if (given && !existsSync(given)) throw new Error(`${variable}: there is nothing at ${given}`);
  return given || usual.find((path) => existsSync(path));
}

export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags });
}
