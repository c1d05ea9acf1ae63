import { join } from "node:path";
import { type Browser, launch, type Page } from "puppeteer-core";
import { closeProxies } from "../support/faulty-proxy.ts";
import { IS_EACH_BROWSER, IS_WHOLE_MATRIX } from "../support/matrix.ts";
import { chromiumPath, chromiumShellPath, firefoxPath } from "../support/needs.mjs";
import { openPage } from "../support/open-page.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

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

const VIEWPORT = { width: 800, height: 600 };

/** One of the browsers that tests run in. */
interface BrowserKind {
  readonly name: "Chromium" | "Firefox";
  /** Start it with an empty profile. */
  launch(): Promise<Browser>;
}

export const FIREFOX: BrowserKind = {
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

/** Chromium as people have it: it hides pages, and keeps them for the way back. */
export const CHROMIUM = chromium(chromiumPath);

/** Its headless shell, which shows every page, and keeps none. */
const CHROMIUM_SHELL = chromium(chromiumShellPath);

/** What runs beside Chromium: see {@link IS_EACH_BROWSER}. */
const OTHERS = IS_EACH_BROWSER ? [FIREFOX] : [];

/** Where tests run: {@link BrowserSuite.wholePage} is for those that the shell can't have. */
export const BROWSERS: readonly BrowserKind[] = [CHROMIUM_SHELL, ...OTHERS];

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

/** Pages of a browser that one test after the other uses: others take twice the CPU. */
const MAX_KEPT_PAGES = 4;

/** A browser for all suites of a process: a start takes longer than most tests. */
class StartedBrowser {
  readonly browser: Browser;
  /** Blank, for the tests to come. */
  #idle: Page[] = [];
  /** What the test under way has got of those that are kept. */
  #used: Page[] = [];

  constructor(browser: Browser) {
    this.browser = browser;
  }

  async newPage(): Promise<Page> {
    const page = this.#idle.pop() ?? (await this.freshPage());
    if (this.#used.length < MAX_KEPT_PAGES) this.#used.push(page);
    await page.bringToFront();
    return page;
  }

  async freshPage(): Promise<Page> {
    const page = await openPage(this.browser);
    await page.setViewport(VIEWPORT);
    return page;
  }

  /** Close the pages of a test, but for those that are kept. */
  async clear(): Promise<void> {
    const used = this.#used;
    this.#used = [];
    // The first page keeps the browser open.
    const [, ...pages] = await this.browser.pages();
    for (const page of pages) {
      if (this.#idle.includes(page)) continue;
      await forget(page);
      if (used.includes(page) && (await isBlankAgain(page))) this.#idle.push(page);
      else await page.close();
    }
  }
}

const started = new Map<BrowserKind, StartedBrowser>();

async function startedBrowser(kind: BrowserKind): Promise<StartedBrowser> {
  const earlier = started.get(kind);
  if (earlier?.browser.connected) return earlier;
  const one = new StartedBrowser(await kind.launch());
  started.set(kind, one);
  return one;
}

after(async () => {
  for (const { browser } of started.values()) await browser.close();
  removeTemporaryDirectories();
});

/** What the tests of a suite have. */
export interface BrowserSuite {
  readonly kind: BrowserKind;
  readonly browser: Browser;
  /** A blank page in front, maybe one that an earlier test has had. */
  newPage(): Promise<Page>;
  /**
   * A page that no other test gets: where its history matters, or the test changes what a page
   * keeps, such as the scripts that it begins with.
   */
  freshPage(): Promise<Page>;
  /** The same in a browser that hides pages by others, and keeps them for the way back. */
  wholePage(): Promise<Page>;
}

/** Run a suite in each browser. Servers, pages and temporary directories are cleaned up. */
export function describeInBrowsers(title: string, body: (suite: BrowserSuite) => void): void {
  describeIn(BROWSERS, title, body);
}

/**
 * The same for a suite about code that is the same for all browsers: {@link IS_WHOLE_MATRIX} says
 * whether it runs in each, or in Chromium only.
 */
export function describeInBrowser(title: string, body: (suite: BrowserSuite) => void): void {
  describeIn(IS_WHOLE_MATRIX ? BROWSERS : BROWSERS.slice(0, 1), title, body);
}

/** Run a suite in Chromium alone: for what is the path's doing, not the browser's. */
export function describeInChromium(title: string, body: (suite: BrowserSuite) => void): void {
  describeIn([CHROMIUM_SHELL], title, body);
}

function describeIn(
  kinds: readonly BrowserKind[],
  title: string,
  body: (suite: BrowserSuite) => void,
): void {
  for (const kind of kinds) {
    describe(`${title} in ${kind.name}`, function () {
      this.timeout(60_000);
      let one: StartedBrowser;
      let whole: StartedBrowser | null = null;
      before(async () => {
        one = await startedBrowser(kind);
      });
      afterEach(async () => {
        await one.clear();
        await whole?.clear();
        whole = null;
        await closeProxies();
        await stopServers();
      });
      body({
        kind,
        get browser() {
          return one.browser;
        },
        newPage: () => one.newPage(),
        freshPage: () => one.freshPage(),
        async wholePage() {
          whole = await startedBrowser(kind === CHROMIUM_SHELL ? CHROMIUM : kind);
          return whole.freshPage();
        },
      });
    });
  }
}

/** Remove what a page has stored: a later server may have the same port, and so the same origin. */
async function forget(page: Page): Promise<void> {
  // A page that came from nowhere has no storage.
  await page.evaluate("sessionStorage.clear(); localStorage.clear()").catch(() => {});
}

/** Leave what a page shows. @returns whether it did */
function isBlankAgain(page: Page): Promise<boolean> {
  page.removeAllListeners("request").removeAllListeners("response");
  const blank = page.evaluate('window.name = ""').then(() => page.goto("about:blank"));
  return within(5_000, blank, "a blank page").then(
    () => true,
    () => false,
  );
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
