import { fileURLToPath } from "node:url";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { display } from "./display.ts";
import type { Driver } from "./driver.ts";
import { HostProcess } from "./host-process.ts";

const HOST = fileURLToPath(new URL("qt-host.py", import.meta.url));

/** Debian's own: it has the packages of Debian. */
const PYTHON = "/usr/bin/python3";

/** What else the engine needs from its environment. */
type Environment = Readonly<Record<string, string>>;

/** Start QtWebKit, a WebKit as of Safari 10. */
export function startQtWebKit(): Promise<Driver> {
  return start("webkit", { QT_QPA_PLATFORM: "offscreen" });
}

/** Start Qt's WebEngine, a Chromium 87. */
export async function startQtWebEngine(): Promise<Driver> {
  return start("webengine", {
    DISPLAY: await display(),
    QTWEBENGINE_DISABLE_SANDBOX: "1",
    QTWEBENGINE_CHROMIUM_FLAGS: "--no-sandbox --disable-gpu --disable-background-networking",
  });
}

function start(kind: string, environment: Environment): Promise<Driver> {
  const home = createTemporaryDirectory();
  const own = { HOME: home, XDG_RUNTIME_DIR: home, ...environment };
  return HostProcess.start(PYTHON, [HOST, kind, home], own);
}
