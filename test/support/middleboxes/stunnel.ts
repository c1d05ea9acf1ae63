import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { FrontProcesses } from "../front-process.ts";
import { findCommand } from "../needs.mjs";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { writeTestPem } from "../test-certificate.ts";

const running = new FrontProcesses("stunnel");

/**
 * Start stunnel.
 *
 * @param configuration its services, as deploy/proxies/stunnel.conf has them
 * @param upstream has a host and a port
 * @returns its address: see `trustTestCertificate`
 */
export async function startStunnel(configuration: string, upstream: string): Promise<string> {
  const directory = createTemporaryDirectory();
  const address = `127.0.0.1:${await freePort()}`;
  const services = configuration
    .replace(/^accept = 443$/m, `accept = ${address}`)
    .replaceAll("127.0.0.1:8080", upstream)
    .replace("/etc/stunnel/push.pem", writeTestPem());
  const file = join(directory, "stunnel.conf");
  writeFileSync(file, `foreground = yes\npid =\noutput = ${directory}/log\n${services}`);
  const url = `https://${address}`;
  await running.start(findCommand(["stunnel4", "stunnel"]) ?? "stunnel4", [file], url);
  return url;
}

/** Stop each that was started; for `afterEach`. */
export function stopStunnel(): Promise<void> {
  return running.stop();
}
