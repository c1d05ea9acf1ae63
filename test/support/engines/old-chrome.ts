import { writeFileSync } from "node:fs";
import { WebSocket } from "ws";
import { killTree } from "../process-group.ts";
import { Program } from "../program.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { eventually, within } from "../within.ts";
import type { Driver } from "./driver.ts";

/** Longest until it has done what it was told, in ms. */
const ANSWER_MS = 30_000;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  // Its child processes do not start on the kernels of today.
  "--no-zygote",
  "--single-process",
  "--disable-background-networking",
  "--window-size=800,600",
  "--remote-debugging-port=0",
];

/** Start a Chrome that is too old for puppeteer. @param command path of its headless shell */
export async function startOldChrome(command: string): Promise<Driver> {
  const home = createTemporaryDirectory();
  const args = [...ARGUMENTS, `--user-data-dir=${home}`, "about:blank"];
  const program = new Program(command, args, home, { HOME: home });
  try {
    const [, origin] = await program.untilPrinted(/DevTools listening on ws:\/\/([^/]+)/);
    const socket = new WebSocket(await pageOf(`http://${origin}`));
    const driver = new OldChrome(program, socket);
    await driver.begin();
    return driver;
  } catch (error) {
    await program.stop("SIGKILL");
    throw error;
  }
}

/** Where its page can be spoken to, once it has one. */
async function pageOf(url: string): Promise<string> {
  const look = async () => {
    const answer = await fetch(`${url}/json/list`);
    const targets = (await answer.json()) as { type: string; webSocketDebuggerUrl: string }[];
    return targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl;
  };
  return eventually(10_000, look, "a page of Chrome's");
}

/** What comes over the WebSocket: an answer, or an event. */
interface Incoming {
  readonly id?: number;
  readonly method?: string;
  readonly error?: { readonly message: string };
  // biome-ignore lint/suspicious/noExplicitAny: each command answers in another shape
  readonly result?: any;
  readonly params?: {
    readonly exceptionDetails?: {
      readonly text: string;
      readonly exception?: { readonly description?: string };
    };
  };
}

/** https://chromedevtools.github.io/devtools-protocol/ */
class OldChrome implements Driver {
  readonly #program: Program;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: Incoming) => void>();
  readonly #errors: string[] = [];
  #number = 0;

  constructor(program: Program, socket: WebSocket) {
    this.#program = program;
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data) => this.#read(JSON.parse(String(data)) as Incoming));
  }

  /** Wait for the connection, and be told of errors. */
  async begin(): Promise<void> {
    const opened = new Promise((resolve) => this.#socket.once("open", resolve));
    await within(ANSWER_MS, opened, "Chrome's WebSocket");
    await this.#tell("Page.enable");
    await this.#tell("Runtime.enable");
  }

  get pid(): number {
    return this.#program.pid;
  }

  async open(url: string): Promise<void> {
    await this.#tell("Page.navigate", { url });
  }

  async run(script: string): Promise<string> {
    const { result } = await this.#tell("Runtime.evaluate", { expression: script });
    return String(result.value);
  }

  async reload(): Promise<void> {
    await this.#tell("Page.reload");
  }

  async back(): Promise<void> {
    const { entries, currentIndex } = await this.#tell("Page.getNavigationHistory");
    await this.#tell("Page.navigateToHistoryEntry", { entryId: entries[currentIndex - 1].id });
  }

  async screenshot(path: string): Promise<void> {
    writeFileSync(path, (await this.#tell("Page.captureScreenshot")).data, "base64");
  }

  async errors(): Promise<readonly string[]> {
    return this.#errors;
  }

  async isBusy(): Promise<null> {
    return null;
  }

  async end(): Promise<void> {
    this.#socket.terminate();
    killTree(this.#program.pid);
    await this.#program.stop("SIGKILL");
  }

  async #tell(method: string, params: object = {}): Promise<Incoming["result"]> {
    const id = ++this.#number;
    const answer = new Promise<Incoming>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { error, result } = await within(ANSWER_MS, answer, `an answer to ${method}`);
    if (error) throw new Error(`${method} was answered: ${error.message}`);
    return result;
  }

  #read({ id, method, params, ...answer }: Incoming): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    } else if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params?.exceptionDetails ?? { text: "" };
      this.#errors.push(`${text} ${exception?.description ?? ""}`);
    }
  }
}
