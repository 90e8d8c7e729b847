/** As much of its types as is used of them: so it need not be installed for a check. */
declare module "puppeteer-core" {
  interface Browser {
    version(): Promise<string>;
    newPage(): Promise<{ goto(url: string): Promise<unknown> }>;
    close(): Promise<void>;
  }
  export function launch(options: {
    browser: "firefox";
    executablePath: string;
    headless: true;
  }): Promise<Browser>;
}
