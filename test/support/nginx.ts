import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { FrontProcesses } from "./front-process.ts";
import { nginxPath } from "./needs.mjs";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { TEST_TLS } from "./test-certificate.ts";

const running = new FrontProcesses("nginx");

/**
 * Start nginx before a server, with nothing set but where that is: so Host is the server's address,
 * and HTTP/1.0 is spoken to it. Below a prefix, it takes that off and lets WebSockets through.
 *
 * @param upstream address of the server, with a last slash where it has a path
 * @param prefix such as `/push/`
 * @returns the address of nginx, without the prefix
 */
export function startNginx(upstream: string, prefix = "/"): Promise<string> {
  const target = prefix === "/" || upstream.endsWith("/") ? upstream : `${upstream}/`;
  // https://nginx.org/en/docs/http/websocket.html
  const webSockets =
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;";
  const more = prefix === "/" ? "" : `${webSockets} proxy_set_header Host $http_host;`;
  const location = `location ${prefix} { proxy_pass ${target}; ${more} }`;
  return startConfiguredNginx((address) => `server { listen ${address}; ${location} }`);
}

/**
 * Start nginx that speaks HTTP/2 by TLS, before a server that speaks HTTP/1.1.
 *
 * @returns the address of nginx: see `trustTestCertificate`
 */
export function startHttp2Nginx(upstream: string): Promise<string> {
  const tls = `ssl_certificate ${TEST_TLS.tlsCert}; ssl_certificate_key ${TEST_TLS.tlsKey};`;
  const headers = `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Forwarded "";
    proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;`;
  return startConfiguredNginx(
    (address) => `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
      server { listen ${address} ssl http2; ${tls}
        location / { proxy_pass ${upstream}; proxy_http_version 1.1; ${headers} } }`,
    "https",
  );
}

/**
 * Start nginx as it is configured.
 *
 * @param configure is given the address to listen on, and returns what is in the block `http`
 * @param scheme that it speaks; for `https` see `trustTestCertificate`
 * @returns the address of nginx
 */
export async function startConfiguredNginx(
  configure: (address: string) => string,
  scheme = "http",
): Promise<string> {
  const port = await freePort();
  const directory = createTemporaryDirectory();
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${directory}/${name};`)
    .join(" ");
  const config = join(directory, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; pid ${directory}/pid; error_log ${directory}/errors; events {}
     http { access_log off; ${paths}
     ${configure(`127.0.0.1:${port}`)} }`,
  );
  const url = `${scheme}://127.0.0.1:${port}`;
  await running.start(nginxPath() ?? "nginx", ["-c", config, "-e", `${directory}/errors`], url);
  return url;
}

/** Stop each that was started; for `afterEach`. */
export function stopNginx(): Promise<void> {
  return running.stop();
}
