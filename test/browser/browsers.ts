import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { closeProxies } from "../support/faulty-proxy.ts";
import { chromiumPath, chromiumShellPath, firefoxPath } from "../support/needs.mjs";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/**
 * Names that lead to this machine, so that a page of another site can be had, and one that was
 * rebound.
 */
const NAMES = ["evil.example", "pages.example"];

/** Without these, Chromium calls home at every start, and needs a sandbox that root has not. */
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-features=SpareRendererForSitePerProcess",
  `--host-resolver-rules=${NAMES.map((name) => `MAP ${name} 127.0.0.1`).join(", ")}`,
];

const FIREFOX_PREFERENCES = {
  "app.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.dns.localDomains": NAMES.join(","),
  "dom.ipc.processPrelaunch.enabled": false,
  "layout.frame_rate": 10,
  "ui.prefersReducedMotion": 1,
  "browser.sessionstore.interval": 600000,
};

/** One of the browsers that tests run in. */
interface BrowserKind {
  readonly name: "Chromium" | "Firefox";
  /** Start it with an empty profile. */
  launch(): Promise<Browser>;
}

const FIREFOX: BrowserKind = {
  name: "Firefox",
  launch: () =>
    launch({
      browser: "firefox",
      executablePath: required(firefoxPath(), "Firefox"),
      env: { ...process.env, HOME: createTemporaryDirectory() },
      extraPrefsFirefox: FIREFOX_PREFERENCES,
      acceptInsecureCerts: true,
    }),
};

/** All of them. Chromium is its headless shell, which shows every page, and keeps none. */
export const BROWSERS: readonly BrowserKind[] = [chromium(chromiumShellPath), FIREFOX];

const WHOLE_BROWSERS: readonly BrowserKind[] = [chromium(chromiumPath), FIREFOX];

function chromium(path: () => string | null): BrowserKind {
  return {
    name: "Chromium",
    launch: () =>
      launch({
        browser: "chrome",
        executablePath: required(path(), "Chromium"),
        args: CHROMIUM_ARGUMENTS,
        acceptInsecureCerts: true,
        ignoreDefaultArgs: ["--disable-back-forward-cache", "--disable-features=BackForwardCache"],
      }),
  };
}

/** One of each kind, for all suites of a process: a start takes longer than most tests. */
const started = new Map<BrowserKind, Browser>();

async function startedBrowser(kind: BrowserKind): Promise<Browser> {
  const earlier = started.get(kind);
  if (earlier?.connected) return earlier;
  const browser = await kind.launch();
  started.set(kind, browser);
  return browser;
}

after(async () => {
  for (const browser of started.values()) await browser.close();
  removeTemporaryDirectories();
});

/** What the tests of a suite have. */
export interface BrowserSuite {
  readonly kind: BrowserKind;
  readonly browser: Browser;
  /** A new page in front; all are closed after the test. */
  newPage(): Promise<Page>;
}

/** Run a suite in each browser. Servers, pages and temporary directories are cleaned up. */
export function describeInBrowsers(title: string, body: (suite: BrowserSuite) => void): void {
  describeIn(BROWSERS, title, body);
}

/**
 * Run a suite in browsers as people have them, where pages are hidden by others, and kept for the
 * way back.
 */
export function describeInWholeBrowsers(title: string, body: (suite: BrowserSuite) => void): void {
  describeIn(WHOLE_BROWSERS, title, body);
}

function describeIn(
  kinds: readonly BrowserKind[],
  title: string,
  body: (suite: BrowserSuite) => void,
): void {
  for (const kind of kinds) {
    describe(`${title} in ${kind.name}`, function () {
      this.timeout(60_000);
      let browser: Browser;
      before(async () => {
        browser = await startedBrowser(kind);
      });
      afterEach(async () => {
        // The first page keeps the browser open.
        const [, ...pages] = await browser.pages();
        for (const page of pages) {
          await forget(page);
          await page.close();
        }
        await closeProxies();
        await stopServers();
      });
      body({
        kind,
        get browser() {
          return browser;
        },
        async newPage() {
          const page = await browser.newPage();
          await page.setViewport({ width: 800, height: 600 });
          return page;
        },
      });
    });
  }
}

/** Remove what a page has stored: a later server may have the same port, and so the same origin. */
async function forget(page: Page): Promise<void> {
  // A page that came from nowhere has no storage.
  await page.evaluate("localStorage.clear()").catch(() => {});
}

/** Of an element by its id; "" if there is none, or the page is just being replaced. */
export async function textOf(page: Page, id: string): Promise<string> {
  const script = `(document.getElementById(${JSON.stringify(id)}) || {}).textContent || ""`;
  return page.evaluate(script).then(String, () => "");
}

/** Wait until an element's text begins so. */
export function untilText(page: Page, id: string, start: string, ms = 10_000): Promise<unknown> {
  return eventually(
    ms,
    async () => (await textOf(page, id)).startsWith(start),
    `"${start}" in #${id} of the page`,
  );
}

/** Collect the requests that a page makes from now on, as "METHOD /path". */
export function recordRequests(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  return requests;
}

/** Keep a picture of a page, where SCREENSHOTS names a directory for them. */
export async function shoot(page: Page, name: string): Promise<void> {
  const directory = process.env["SCREENSHOTS"];
  if (directory !== undefined) await page.screenshot({ path: join(directory, `${name}.png`) });
}

function required(path: string | null, name: string): string {
  if (path === null)
    throw new Error(`there is no ${name}: run npm test, which installs it or says how`);
  return path;
}
