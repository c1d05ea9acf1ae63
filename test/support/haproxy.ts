import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { FrontProcesses } from "./front-process.ts";
import { haproxyPath } from "./needs.mjs";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { writeTestPem } from "./test-certificate.ts";

const running = new FrontProcesses("HAProxy");

/**
 * Start HAProxy that speaks HTTP/2 by TLS, before a server that speaks HTTP/1.1 by TLS.
 *
 * @returns the address of HAProxy: see `trustTestCertificate`
 */
export function startHttp2Haproxy(upstream: string): Promise<string> {
  return startConfiguredHaproxy(
    (address) => `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend front
  bind ${address} ssl crt ${writeTestPem()} alpn h2,http/1.1
  option forwardfor
  http-request del-header Forwarded
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend back
backend back
  server one ${new URL(upstream).host} ssl verify none alpn http/1.1`,
    "https",
  );
}

/**
 * Start HAProxy as it is configured.
 *
 * @param configure is given the address to listen on, and returns the whole configuration
 * @param scheme that it speaks; for `https` see `trustTestCertificate`
 * @returns the address of HAProxy
 */
export async function startConfiguredHaproxy(
  configure: (address: string) => string,
  scheme = "http",
): Promise<string> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(createTemporaryDirectory(), "haproxy.cfg");
  writeFileSync(config, `${configure(address)}\n`);
  const url = `${scheme}://${address}`;
  await running.start(haproxyPath() ?? "haproxy", ["-db", "-f", config], url);
  return url;
}

/**
 * Start HAProxy that speaks HTTP, with the smallest configuration and some more lines.
 *
 * @param options lines of the section `defaults`
 * @returns the address of HAProxy
 */
export function startHttpHaproxy(upstream: string, options: readonly string[]): Promise<string> {
  return startConfiguredHaproxy(
    (address) => `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  ${options.join("\n  ")}
frontend front
  bind ${address}
  default_backend back
backend back
  server one ${new URL(upstream).host}`,
  );
}

/** Stop each that was started; for `afterEach`. */
export function stopHaproxy(): Promise<void> {
  return running.stop();
}
