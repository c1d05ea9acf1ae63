import { CHROMIUM, FIREFOX } from "../../browser/browsers.ts";
import type { Driver } from "./driver.ts";
import { startJavaFx } from "./javafx.ts";
import { startKhtml } from "./khtml.ts";
import { COLUMNS, type Column } from "./matrix.ts";
import { startOldChrome } from "./old-chrome.ts";
import { oldProgramPath } from "./old-programs.mjs";
import { startPhantom } from "./phantom.ts";
import { type ENGINE_NEEDS, librariesWithoutSsl } from "./programs.mjs";
import { PuppeteerEngine } from "./puppeteer-engine.ts";
import { startQtWebEngine, startQtWebKit } from "./qt.ts";
import { startWebKitGtk } from "./webkit-gtk.ts";

/** An engine that the client is measured in: a row of docs/browsers.md. */
export interface EngineKind {
  /** As `npm run test:engines -- --engine` takes it. */
  readonly id: keyof typeof ENGINE_NEEDS;
  readonly name: string;
  /** Whether it keeps what comes until there is much of it. */
  readonly isHolding?: boolean;
  /** What it says itself of connections that it can't carry, as if scripts had thrown it. */
  readonly complaints?: RegExp;
  /** What is measured in it; absent for everything. */
  readonly columns?: readonly Column[];
  start(): Promise<Driver>;
}

const startBrowser = async (kind: typeof FIREFOX) => PuppeteerEngine.start(await kind.launch());

/** All of them: today's first, then from the newest to the oldest. */
export const ENGINES: readonly EngineKind[] = [
  { id: "chromium", name: "Chromium", start: () => startBrowser(CHROMIUM) },
  { id: "firefox", name: "Firefox ESR", start: () => startBrowser(FIREFOX) },
  { id: "webkitgtk", name: "WebKitGTK", start: startWebKitGtk },
  { id: "chromium87", name: "Chromium 87", start: startQtWebEngine },
  { id: "chrome64", name: "Chrome 64", start: () => startOldChrome(oldProgramPath("chrome-64")) },
  { id: "qtwebkit", name: "QtWebKit 5.212", start: startQtWebKit },
  {
    id: "phantomjs2",
    name: "PhantomJS 2.1.1",
    start: () => startPhantom(oldProgramPath("phantomjs-2.1.1"), { OPENSSL_CONF: "/dev/null" }),
  },
  {
    id: "phantomjs1",
    name: "PhantomJS 1.9.8",
    start: () =>
      startPhantom(oldProgramPath("phantomjs-1.9.8"), { LD_LIBRARY_PATH: librariesWithoutSsl() }),
  },
  {
    id: "khtml",
    name: "KHTML 5.103",
    // History is kept by the browser around it.
    columns: COLUMNS.filter((column) => column !== "back"),
    start: startKhtml,
  },
  {
    id: "javafx",
    name: "JavaFX 11 WebView",
    isHolding: true,
    complaints: /^(EventSource's response has a charset|XMLHttpRequest cannot load)/,
    columns: ["fallback", "transports"],
    start: startJavaFx,
  },
];
