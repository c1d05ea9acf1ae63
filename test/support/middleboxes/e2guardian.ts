import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { FrontProcesses } from "../front-process.ts";
import { findCommand } from "../needs.mjs";
import { createTemporaryDirectory } from "../temporary-directory.ts";

const running = new FrontProcesses("e2guardian");

/** The configuration that Debian's package brings. */
const DEBIAN = "/etc/e2guardian";

/**
 * Start e2guardian, which reads pages before it hands them on, as a forward proxy with Debian's own
 * configuration, but for its port and files.
 *
 * @param exceptions addresses that it does not read: its exceptionsiteiplist; null for Debian's
 * @returns its host and port
 */
export async function startE2guardian(exceptions: string | null): Promise<string> {
  const directory = createTemporaryDirectory();
  chmodSync(directory, 0o777); // where root starts it, it goes on as another user
  const port = await freePort();
  const put = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const list = `${DEBIAN}/lists/exceptionsiteiplist`;
  const own = exceptions === null ? list : put("exceptions", exceptions);
  const group = readFileSync(`${DEBIAN}/e2guardianf1.conf`, "utf8").replace(list, own);
  put("e2guardianf1.conf", group); // found by the name of the other one
  const text = readFileSync(`${DEBIAN}/e2guardian.conf`, "utf8")
    .replace(/^filterip =.*$/m, "filterip = 127.0.0.1")
    .replace(/^filterports =.*$/m, `filterports = ${port}`)
    .replace(/^httpworkers =.*$/m, "httpworkers = 20");
  const files = `loglocation = '${directory}/log'\npidfilename = '${directory}/pid'\n`;
  const config = put("e2guardian.conf", `${text}\n${files}`);
  const command = findCommand(["e2guardian"]) ?? "e2guardian";
  await running.start(command, ["-N", "-c", config], `http://127.0.0.1:${port}`);
  return `127.0.0.1:${port}`;
}

/** Stop each that was started; for `afterEach`. */
export function stopE2guardian(): Promise<void> {
  return running.stop();
}
