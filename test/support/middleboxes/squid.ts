import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { FrontProcesses } from "../front-process.ts";
import { findCommand } from "../needs.mjs";
import { createTemporaryDirectory } from "../temporary-directory.ts";

const running = new FrontProcesses("Squid");

/** The configuration that Debian's package brings. */
const DEBIAN = "/etc/squid/squid.conf";

/**
 * Start Squid as a forward proxy with Debian's own configuration, but for its port and files, and
 * let clients of this machine through.
 *
 * @param more lines of a file in /etc/squid/conf.d/
 * @returns its host and port
 */
export async function startSquid(more: string): Promise<string> {
  const directory = createTemporaryDirectory();
  chmodSync(directory, 0o777); // where root starts it, it goes on as another user
  const address = `127.0.0.1:${await freePort()}`;
  const file = join(directory, "squid.conf");
  const own = [
    ...["cache_log", "access_log", "pid_filename"].map((name) => `${name} ${directory}/${name}`),
    "shutdown_lifetime 0 seconds",
    "acl clients src 127.0.0.0/8",
    "http_access allow clients",
  ];
  const included = `${own.join("\n")}\n${more}`;
  const text = readFileSync(DEBIAN, "utf8")
    .replace(/^http_port 3128$/m, `http_port ${address}`)
    .replace(/^coredump_dir .*$/m, `coredump_dir ${directory}`)
    .replace(/^include \/etc\/squid\/conf\.d\/.*$/m, included);
  writeFileSync(file, text);
  const command = findCommand(["squid"]) ?? "squid";
  await running.start(command, ["-N", "-f", file], `http://${address}`);
  return address;
}

/** Stop each that was started; for `afterEach`. */
export function stopSquid(): Promise<void> {
  return running.stop();
}
