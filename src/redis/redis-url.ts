import { parseUrl } from "../parse-url.ts";

/** How many databases a Redis may be set to have: more than anybody uses. */
const MAX_DATABASES = 65_536;

/** Hosts that are asked where the master is: more than anybody lists. */
const MAX_HOSTS = 32;

/** Where something listens. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** What a URL says of a Redis. */
export interface RedisTarget {
  /**
   * `single`: the only address is that of the master. `sentinel`: the addresses are of sentinels,
   * which know it. `cluster`: they are of some nodes, each of which says which node has a key.
   */
  readonly kind: "single" | "sentinel" | "cluster";
  /** One or more. */
  readonly addresses: readonly RedisAddress[];
  readonly isEncrypted: boolean;
  /** Of Redis; empty where it wants none. */
  readonly username: string;
  readonly password: string;
  readonly database: number;
  /** What the sentinels call the master; empty for other kinds. */
  readonly masterName: string;
}

const URL_PATTERN = /^redis(s?)(-sentinel|-cluster)?:\/\/([^/?#]*)(?:\/([^/?#]*))?(?:\?db=(\d+))?$/;

/** Whether a text means to be the URL of a Redis, be it right or wrong. */
export function isRedisScheme(text: string): boolean {
  return /^rediss?(?:-sentinel|-cluster)?:\/\//.test(text);
}

/**
 * Parse `redis://user:password@host:port/database`, `redis-sentinel://user:password@host:port,
 * host:port/master-name?db=database` or `redis-cluster://user:password@host:port,host:port`, each
 * also with `rediss` for TLS.
 *
 * @returns null if it is none of these
 */
export function parseRedisUrl(text: string): RedisTarget | null {
  const match = URL_PATTERN.exec(text);
  if (match === null) return null;
  const [, encrypted, form = "", authority = "", path = "", query] = match;
  const kind = form === "" ? "single" : form === "-sentinel" ? "sentinel" : "cluster";
  const at = authority.lastIndexOf("@");
  const credentials = authority.slice(0, at + 1);
  const hosts = authority.slice(at + 1).split(",");
  if (hosts.length > MAX_HOSTS) return null;
  const parsed = hosts.map((host) => parseUrl(`redis://${credentials}${host}`));
  const urls = parsed.filter((url) => url !== null);
  if (urls.length < hosts.length) return null;
  const [first] = urls;
  if (first === undefined || (kind === "single" && hosts.length > 1)) return null;
  const defaultPort = kind === "sentinel" ? 26_379 : 6_379;
  const addresses = urls.map((url) => addressOf(url, defaultPort));
  if (addresses.some(({ host, port }) => host === "" || port === 0)) return null;
  const place = placeOf(kind, path, query);
  const user = credentialsOf(first);
  if (place === null || user === null) return null;
  return { kind, addresses, isEncrypted: encrypted === "s", ...user, ...place };
}

/** The addresses of a target for people. */
export function formatAddresses({ addresses }: RedisTarget): string {
  return addresses
    .map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`))
    .join(",");
}

function addressOf({ hostname, port }: URL, defaultPort: number): RedisAddress {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { host, port: port === "" ? defaultPort : Number(port) };
}

function credentialsOf({ username, password }: URL) {
  try {
    return {
      username: decodeURIComponent(username),
      password: decodeURIComponent(password),
    };
  } catch {
    return null; // a % that is not the start of %XX
  }
}

/** The database, and the master's name. */
function placeOf(kind: RedisTarget["kind"], path: string, query: string | undefined) {
  switch (kind) {
    case "single": {
      const database = Number(path);
      const isRight = query === undefined && /^\d*$/.test(path) && database < MAX_DATABASES;
      return isRight ? { database, masterName: "" } : null;
    }
    case "sentinel": {
      const database = Number(query ?? 0);
      const isRight = /^[A-Za-z0-9._-]{1,64}$/.test(path) && database < MAX_DATABASES;
      return isRight ? { database, masterName: path } : null;
    }
    case "cluster":
      // A cluster has only database 0.
      return query === undefined && path === "" ? { database: 0, masterName: "" } : null;
  }
}
