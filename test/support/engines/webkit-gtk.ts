import { writeFileSync } from "node:fs";
import { freePort } from "../free-port.ts";
import { killTree } from "../process-group.ts";
import { Program } from "../program.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { eventually } from "../within.ts";
import { display } from "./display.ts";
import type { Driver } from "./driver.ts";
import { WEBKIT_BROWSER } from "./programs.mjs";

/** What a session is asked to be. */
const CAPABILITIES = {
  alwaysMatch: {
    // Opening a page must not wait for a display frame.
    pageLoadStrategy: "none",
    "webkitgtk:browserOptions": {
      binary: WEBKIT_BROWSER,
      args: [
        "--automation",
        "--enable-write-console-messages-to-stdout=true",
        "--geometry=800x680",
      ],
    },
  },
};

/** Has the page painted for some seconds: a picture is of what is painted next. */
const REPAINTING = `(function () {
  var times = 100;
  var timer = setInterval(function () {
    document.body.style.opacity = times % 2 ? "0.99" : "";
    if (--times === 0) clearInterval(timer);
  }, 30);
})()`;

/** Start WebKitGTK's own small browser, and drive it by WebDriver. */
export async function startWebKitGtk(): Promise<Driver> {
  const port = await freePort();
  const home = createTemporaryDirectory();
  const program = new Program("WebKitWebDriver", ["-p", String(port)], home, {
    HOME: home,
    XDG_RUNTIME_DIR: home,
    DISPLAY: await display(),
    // Root has no sandbox, and there is nothing to draw on but memory.
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    LIBGL_ALWAYS_SOFTWARE: "1",
    GSETTINGS_BACKEND: "memory",
  });
  const driver = new WebKitGtk(program, `http://127.0.0.1:${port}`);
  try {
    await driver.begin();
    return driver;
  } catch (error) {
    await driver.end();
    throw error;
  }
}

/** https://www.w3.org/TR/webdriver2/ */
class WebKitGtk implements Driver {
  readonly #program: Program;
  readonly #url: string;
  #session = "";

  constructor(program: Program, url: string) {
    this.#program = program;
    this.#url = url;
  }

  /** Begin the session. */
  async begin(): Promise<void> {
    const isReady = () =>
      this.#ask("GET", "/status").then(
        () => true,
        () => false,
      );
    await eventually(10_000, isReady, "WebKitWebDriver");
    const session = await this.#ask("POST", "/session", { capabilities: CAPABILITIES });
    this.#session = `/session/${(session as { sessionId: string }).sessionId}`;
  }

  get pid(): number {
    return this.#program.pid;
  }

  async open(url: string): Promise<void> {
    await this.#ask("POST", `${this.#session}/url`, { url });
  }

  async run(script: string): Promise<string> {
    const body = { script: `return ${script}`, args: [] };
    return String(await this.#ask("POST", `${this.#session}/execute/sync`, body));
  }

  async reload(): Promise<void> {
    await this.#ask("POST", `${this.#session}/refresh`, {});
  }

  async back(): Promise<void> {
    await this.#ask("POST", `${this.#session}/back`, {});
  }

  async screenshot(path: string): Promise<void> {
    await this.run(REPAINTING);
    const png = await this.#ask("GET", `${this.#session}/screenshot`);
    writeFileSync(path, String(png), "base64");
  }

  async errors(): Promise<readonly string[]> {
    return this.#program.output.match(/^CONSOLE \w+ ERROR .*$/gm) ?? [];
  }

  async isBusy(): Promise<null> {
    return null;
  }

  async end(): Promise<void> {
    killTree(this.#program.pid);
    await this.#program.stop("SIGKILL");
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "Content-Type": "application/json" },
    });
    const { value } = (await answer.json()) as { value: unknown };
    if (answer.ok) return value;
    throw new Error(`${method} ${path} answered ${JSON.stringify(value)}`);
  }
}
