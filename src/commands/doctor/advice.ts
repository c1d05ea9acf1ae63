/** Proxies that the doctor knows how to mend. */
export type ProxyName = "nginx" | "HAProxy" | "Apache" | "Squid";

/** What may be wrong with a path. */
export type Trouble =
  | "buffered"
  | "behind"
  | "late"
  | "compressed"
  | "idle"
  | "host"
  | "webSocket"
  | "close"
  | "gone";

/** What to write into the configuration of a proxy, a line each. */
export interface Advice {
  readonly proxy: ProxyName;
  readonly directives: readonly string[];
}

const STREAM_PATH = "acl foreverframe url_regex /stream";

const NGINX_STREAMING = [
  "proxy_buffering off;",
  "proxy_http_version 1.1;",
  "# and no proxy_ignore_headers X-Accel-Buffering;",
];
const APACHE_STREAMING = [
  "ProxyPass /push/ http://127.0.0.1:8080/ flushpackets=on",
  "# mod_security: SecResponseBodyAccess Off",
];
const SQUID_STREAMING = [
  STREAM_PATH,
  "adaptation_access SERVICE deny foreverframe   # an ICAP scanner waits for the end",
];

const ADVICE: Readonly<Record<Trouble, Readonly<Partial<Record<ProxyName, readonly string[]>>>>> = {
  buffered: {
    nginx: NGINX_STREAMING,
    HAProxy: ["option http-no-delay", "# and no filter that waits for the whole answer"],
    Apache: APACHE_STREAMING,
    Squid: SQUID_STREAMING,
  },
  behind: {
    nginx: NGINX_STREAMING,
    HAProxy: ["option http-no-delay"],
    Apache: APACHE_STREAMING,
    Squid: SQUID_STREAMING,
  },
  late: {
    nginx: ["tcp_nodelay on;", "proxy_buffering off;"],
    HAProxy: ["option http-no-delay"],
    Apache: ["ProxyPass /push/ http://127.0.0.1:8080/ flushpackets=on"],
    Squid: ["delay_access 1 deny all"],
  },
  compressed: {
    nginx: ["gzip off;"],
    HAProxy: ["# no compression algo and no filter compression in this backend"],
    Apache: ["SetEnvIf Request_URI ^/push/stream no-gzip"],
    Squid: [STREAM_PATH, "adaptation_access SERVICE deny foreverframe"],
  },
  idle: {
    nginx: ["proxy_read_timeout 60s;"],
    HAProxy: ["timeout client 60s", "timeout server 60s", "timeout tunnel 1h"],
    Apache: ["ProxyTimeout 60"],
    Squid: ["read_timeout 15 minutes"],
  },
  host: {
    nginx: ["proxy_set_header Host $http_host;"],
    HAProxy: ["# no http-request set-header Host in this frontend and backend"],
    Apache: ["ProxyPreserveHost On"],
    Squid: ["# no forcedomain= in the cache_peer line"],
  },
  webSocket: {
    nginx: [
      "proxy_http_version 1.1;",
      "proxy_set_header Upgrade $http_upgrade;",
      'proxy_set_header Connection "upgrade";',
    ],
    HAProxy: ["timeout tunnel 1h", "# and no http-request del-header Upgrade"],
    Apache: ["ProxyPass /push/ http://127.0.0.1:8080/ upgrade=websocket"],
    Squid: ["http_upgrade_request_protocols WebSocket allow all"],
  },
  close: {
    nginx: ["proxy_buffering off;"],
    HAProxy: ["option http-no-delay"],
    Apache: APACHE_STREAMING,
    Squid: SQUID_STREAMING,
  },
  gone: {
    nginx: ["proxy_ignore_client_abort off;"],
    HAProxy: ["option abortonclose"],
    Apache: ["# Apache notices with the second heartbeat: lower --heartbeat-ms of the server"],
    Squid: ["quick_abort_min 0 KB", "quick_abort_max 0 KB"],
  },
};

const KNOWN: readonly (readonly [ProxyName, RegExp])[] = [
  ["nginx", /nginx|openresty/i],
  ["HAProxy", /haproxy/i],
  ["Apache", /apache/i],
  ["Squid", /squid/i],
];

/** The proxies that headers name. HAProxy adds none by itself. */
export function findProxies(traces: Readonly<Record<string, string>>): readonly ProxyName[] {
  const text = Object.entries(traces).flat().join(" ");
  return KNOWN.flatMap(([name, pattern]) => (pattern.test(text) ? name : []));
}

/** What to change: in the proxies that are known to be there, else in each that may be. */
export function adviceFor(trouble: Trouble, proxies: readonly ProxyName[]): readonly Advice[] {
  const names = proxies.length > 0 ? proxies : KNOWN.map(([name]) => name);
  return names.flatMap((proxy) => {
    const directives = ADVICE[trouble][proxy];
    return directives === undefined ? [] : { proxy, directives };
  });
}
