import { readFileSync } from "node:fs";
import { startConfiguredHaproxy } from "../haproxy.ts";
import { startConfiguredNginx } from "../nginx.ts";
import { TEST_TLS, writeTestPem } from "../test-certificate.ts";

/** A file of deploy/proxies/, as it is. */
export function readShipped(name: string): string {
  return readFileSync(new URL(`../../../deploy/proxies/${name}`, import.meta.url), "utf8");
}

/** How an address is listened on. */
export type Listening = "http" | "https";

/**
 * Start nginx with its shipped file, but for addresses and ports.
 *
 * @param upstream has a host and a port
 * @param listening `https` speaks HTTP/2, by the line that the file names for it
 */
export function startShippedNginx(upstream: string, listening: Listening): Promise<string> {
  const tls = `ssl_certificate ${TEST_TLS.tlsCert}; ssl_certificate_key ${TEST_TLS.tlsKey};`;
  return startConfiguredNginx(
    (address) =>
      readShipped("nginx.conf")
        .replace(
          /^ {2}listen 80;$/m,
          listening === "http" ? `listen ${address};` : `listen ${address} ssl http2; ${tls}`,
        )
        .replaceAll("127.0.0.1:8080", upstream),
    listening,
  );
}

/** The same with HAProxy. */
export function startShippedHaproxy(upstream: string, listening: Listening): Promise<string> {
  return startConfiguredHaproxy((address) => {
    const tls = listening === "http" ? "" : ` ssl crt ${writeTestPem()} alpn h2,http/1.1`;
    return readShipped("haproxy.cfg")
      .replace(/^ {2}bind :80$/m, `  bind ${address}${tls}`)
      .replaceAll("127.0.0.1:8080", upstream);
  }, listening);
}
