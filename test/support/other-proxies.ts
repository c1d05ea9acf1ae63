import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { FrontProcesses } from "./front-process.ts";
import { findCommand } from "./needs.mjs";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const running = new FrontProcesses("a proxy");

/** Where Debian keeps Apache's modules, and which of them a configuration needs. */
const APACHE_MODULES = "/usr/lib/apache2/modules";
const APACHE_NEEDS = [
  ...["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_wstunnel", "headers"],
  "reqtimeout",
];

/** How one is started: with a configuration of deploy/proxies/, before a server. */
type Start = (configuration: string, upstream: string) => Promise<string>;

async function start(
  command: string,
  write: (directory: string, port: number) => readonly string[],
): Promise<string> {
  const directory = createTemporaryDirectory();
  const port = await freePort();
  const args = write(directory, port);
  const url = `http://127.0.0.1:${port}`;
  await running.start(findCommand([command]) ?? command, args, url);
  return url;
}

function put(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, `${text}\n`);
  return path;
}

/** `upstream` has a host and a port. */
export const startApache: Start = (configuration, upstream) =>
  start("apache2", (directory, port) => {
    const modules = APACHE_NEEDS.map(
      (name) => `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`,
    );
    const config = [
      ...modules,
      `ServerRoot ${directory}`,
      `PidFile ${directory}/pid`,
      `ErrorLog ${directory}/errors`,
      `Listen 127.0.0.1:${port}`,
      configuration.replaceAll("*:80", `127.0.0.1:${port}`).replaceAll("127.0.0.1:8080", upstream),
    ];
    return ["-X", "-f", put(directory, "apache.conf", config.join("\n"))];
  });

/** `upstream` has a host and a port. */
export const startLighttpd: Start = (configuration, upstream) =>
  start("lighttpd", (directory, port) => {
    const config = [
      `server.document-root = "${directory}"`,
      `server.port = ${port}`,
      'server.bind = "127.0.0.1"',
      configuration
        .replaceAll("push\\.example", "127\\.0\\.0\\.1")
        .replaceAll("8080", new URL(`http://${upstream}`).port),
    ];
    return ["-D", "-f", put(directory, "lighttpd.conf", config.join("\n"))];
  });

/** `upstream` has a host and a port. */
export const startVarnish: Start = (configuration, upstream) =>
  start("varnishd", (directory, port) => {
    const config = configuration.replaceAll('"8080"', `"${new URL(`http://${upstream}`).port}"`);
    const work = join(directory, "work");
    mkdirSync(work);
    const file = put(directory, "default.vcl", config);
    return [
      "-F",
      "-j",
      "none",
      "-n",
      work,
      "-a",
      `127.0.0.1:${port}`,
      "-f",
      file,
      "-s",
      "default,20m",
    ];
  });

/** `upstream` has a host and a port. */
export const startCaddy: Start = (configuration, upstream) =>
  start("caddy", (directory, port) => {
    const config = configuration
      .replace(/^push\.example/m, `http://127.0.0.1:${port}`)
      .replaceAll("127.0.0.1:8080", upstream);
    const file = put(directory, "Caddyfile", `{\n  admin off\n}\n${config}`);
    return ["run", "--adapter", "caddyfile", "--config", file];
  });

/** Stop each that was started; for `afterEach`. */
export function stopOtherProxies(): Promise<void> {
  return running.stop();
}
