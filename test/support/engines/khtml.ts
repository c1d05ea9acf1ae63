import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import type { Driver } from "./driver.ts";
import { HostProcess } from "./host-process.ts";
import { KHTML_HOST } from "./programs.mjs";

/** Start KHTML, of which WebKit was made. */
export function startKhtml(): Promise<Driver> {
  const home = createTemporaryDirectory();
  return HostProcess.start(KHTML_HOST, [], {
    HOME: home,
    XDG_CONFIG_HOME: join(home, "config"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_DATA_HOME: join(home, "local"),
    XDG_RUNTIME_DIR: home,
    XDG_DATA_DIRS: createShare(home),
    QT_QPA_PLATFORM: "offscreen",
    // What fetches pages for it is its own child then, and no daemon stays behind.
    KDE_FORK_SLAVES: "1",
    DBUS_SESSION_BUS_ADDRESS: "disabled:",
  });
}

/** /usr/share without other browsers, or KHTML hands the pages of frames to them. */
function createShare(home: string): string {
  const share = join(home, "share");
  mkdirSync(share);
  for (const name of readdirSync("/usr/share"))
    if (name !== "applications") symlinkSync(join("/usr/share", name), join(share, name));
  return share;
}
