import { startHttpHaproxy, stopHaproxy } from "../haproxy.ts";
import { startNginx, stopNginx } from "../nginx.ts";
import {
  startApache,
  startCaddy,
  startLighttpd,
  startVarnish,
  stopOtherProxies,
} from "../other-proxies.ts";
import { startE2guardian, stopE2guardian } from "./e2guardian.ts";
import { forwardRow, hostOf, type Middlebox, OF_SERVER, pair, row } from "./middlebox.ts";
import { directPath } from "./path.ts";
import { readShipped, startShippedHaproxy, startShippedNginx } from "./shipped.ts";
import { startSquid, stopSquid } from "./squid.ts";
import { startStunnel, stopStunnel } from "./stunnel.ts";

const APACHE = `<VirtualHost *:80>
  ProxyPass / http://127.0.0.1:8080/
</VirtualHost>`;
const LIGHTTPD = `server.modules += ( "mod_proxy" )
proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 8080 )) )`;
const VARNISH = `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "8080"; }`;
const CADDY = `push.example {
  reverse_proxy 127.0.0.1:8080
}`;

export const SHIPPED_NGINX: Middlebox = {
  name: "nginx",
  configuration: "shipped",
  ...OF_SERVER,
  start: async (server) => directPath(await startShippedNginx(hostOf(server), "http")),
};
export const SHIPPED_HAPROXY: Middlebox = {
  name: "HAProxy",
  configuration: "shipped",
  ...OF_SERVER,
  start: async (server) => directPath(await startShippedHaproxy(hostOf(server), "http")),
};

/** All rows, in their order. */
export const MIDDLEBOXES: readonly Middlebox[] = [
  {
    name: "nginx",
    configuration: "default",
    ...OF_SERVER,
    start: async (server) => directPath(await startNginx(server)),
  },
  SHIPPED_NGINX,
  {
    name: "nginx, HTTP/2",
    configuration: "shipped",
    ...OF_SERVER,
    start: async (server) => ({
      ...directPath(await startShippedNginx(hostOf(server), "https")),
      protocol: "h2",
    }),
  },
  {
    name: "HAProxy",
    configuration: "default",
    ...OF_SERVER,
    start: async (server) => directPath(await startHttpHaproxy(server, [])),
  },
  SHIPPED_HAPROXY,
  {
    name: "HAProxy, HTTP/2",
    configuration: "shipped",
    ...OF_SERVER,
    start: async (server) => ({
      ...directPath(await startShippedHaproxy(hostOf(server), "https")),
      protocol: "h2",
    }),
  },
  ...pair("Apache", startApache, APACHE, "apache.conf"),
  ...pair("lighttpd", startLighttpd, LIGHTTPD, "lighttpd.conf"),
  ...pair("Varnish", startVarnish, VARNISH, "varnish.vcl"),
  ...pair("Caddy", startCaddy, CADDY, "Caddyfile"),
  { ...row("stunnel", startStunnel, "shipped", readShipped("stunnel.conf")), isTrusted: false },
  forwardRow("Squid, forward", "default", { isTrusted: true, start: () => startSquid("") }),
  forwardRow("Squid, forward", "shipped", {
    isTrusted: true,
    start: (server) =>
      startSquid(readShipped("squid.conf").replace(/ 8080$/m, ` ${new URL(server).port}`)),
  }),
  forwardRow("e2guardian, forward", "default", {
    isTrusted: false,
    start: () => startE2guardian(null),
  }),
  forwardRow("e2guardian, forward", "shipped", {
    isTrusted: false,
    start: () =>
      startE2guardian(
        readShipped("e2guardian-exceptions").replace(/^push\.example$/m, "127.0.0.1"),
      ),
  }),
];

/** The rows of files in deploy/proxies/ for those of the server that say whom they stand for. */
export const SHIPPED_PROXIES = MIDDLEBOXES.filter(
  ({ configuration, side, isTrusted }) =>
    configuration === "shipped" && side === "server" && isTrusted,
);

/** Stop each that was started; for `afterEach`. */
export async function stopMiddleboxes(): Promise<void> {
  await Promise.all([
    stopNginx(),
    stopHaproxy(),
    stopOtherProxies(),
    stopStunnel(),
    stopSquid(),
    stopE2guardian(),
  ]);
}
