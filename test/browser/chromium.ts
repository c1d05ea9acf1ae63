import { type BrowserContext, chromium, type Page, type Request } from "playwright-core";
import { chromiumPath } from "../support/needs.mjs";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

/** Without these, Chromium calls home at every start, and needs a sandbox that root has not. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // So that a page of another site can be had, and a name that was rebound to this machine.
  "--host-resolver-rules=MAP *.example 127.0.0.1",
];

/** Start a real Chromium with an empty profile. */
export async function launchChromium(): Promise<BrowserContext> {
  const executablePath = chromiumPath();
  if (executablePath === null)
    throw new Error("there is no Chromium: run npm test, which installs it or says how");
  return chromium.launchPersistentContext(createTemporaryDirectory(), {
    executablePath,
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 800, height: 600 },
    ignoreDefaultArgs: ["--disable-back-forward-cache"],
  });
}

/** Collect the requests that a page makes from now on, as "METHOD /path". */
export function recordRequests(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request: Request) => {
    requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  return requests;
}
