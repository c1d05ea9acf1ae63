import { directPath, type Path } from "./path.ts";
import { readShipped } from "./shipped.ts";

/** A middlebox with one configuration: a row of docs/proxies.md. */
export interface Middlebox {
  readonly name: string;
  /** `default`: the smallest that passes requests on. `shipped`: the file in deploy/proxies/. */
  readonly configuration: string;
  /** Whose it is: clients are told to take one of theirs, and call one of the server's. */
  readonly side: "server" | "client";
  /** Whether the server is told to believe what it says of clients; false where it says nothing. */
  readonly isTrusted: boolean;
  /** Start it before a server. @param server its address */
  start(server: string): Promise<Path>;
}

/** What most rows have. */
export const OF_SERVER = { side: "server", isTrusted: true } as const;

/** Host and port of a server's address. */
export const hostOf = (server: string) => new URL(server).host;

/** Starts a program with a text. @param upstream has a host and a port */
type StartBefore = (configuration: string, upstream: string) => Promise<string>;

/** A row of a program that is started with a text. */
export function row(
  name: string,
  start: StartBefore,
  configuration: string,
  text: string,
): Middlebox {
  return {
    name,
    configuration,
    ...OF_SERVER,
    start: async (server) => directPath(await start(text, hostOf(server))),
  };
}

/** Both rows of such a program, whose file is in deploy/proxies/. */
export function pair(
  name: string,
  start: StartBefore,
  smallest: string,
  file: string,
): Middlebox[] {
  return [row(name, start, "default", smallest), row(name, start, "shipped", readShipped(file))];
}

/** A row of a proxy that clients are told to take. */
export function forwardRow(
  name: string,
  configuration: string,
  { isTrusted, start }: { isTrusted: boolean; start(server: string): Promise<string> },
): Middlebox {
  return {
    name,
    configuration,
    side: "client",
    isTrusted,
    start: async (server) => ({
      url: server,
      protocol: "http/1.1",
      forwardProxy: await start(server),
    }),
  };
}
