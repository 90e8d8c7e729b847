import { firefox } from "playwright-core";
import { findBrowser } from "./chromium.js";

/** Where Firefox is on this machine, or undefined. `FIREFOX_PATH` wins. */
export function findFirefox(): string | undefined {
  return findBrowser("FIREFOX_PATH", [
    "/usr/bin/firefox-esr",
    "/usr/bin/firefox",
    "/Applications/Firefox.app/Contents/MacOS/firefox",
    "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
    firefox.executablePath(),
  ]);
}

/** Playwright drives a Firefox of its own making only; Puppeteer any other. */
export async function launchFirefox(executablePath: string) {
  if (executablePath === firefox.executablePath()) return firefox.launch();
  // Installed when it is needed.
  const { launch } = await import("puppeteer-core");
  return launch({ browser: "firefox", executablePath, headless: true });
}
