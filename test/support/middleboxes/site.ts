import type { RunningServer } from "../../../src/server.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { ask } from "../request.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import type { Middlebox } from "./middlebox.ts";
import type { Path } from "./path.ts";

/** Longest for a close, a poll and a client that has gone to be "at once", in ms. */
export const PROMPT_MS = 2_000;

/** What has not come after this long is held back, in ms. */
export const HELD_MS = 4_000;

/** Heartbeats that push nothing on. */
const QUIET = { heartbeatMs: 60_000 };

/** Heartbeats that find out clients that have gone, and an end of frames by their age. */
const OFTEN = { heartbeatMs: 1_000, recycleMs: 16_000 };

/** A server and a way to it. */
export interface Site {
  readonly server: RunningServer;
  readonly path: Path;
}

/**
 * Start a middlebox before a server, as docs/proxies.md says.
 *
 * @param beats `quiet`: heartbeats come too rarely to push anything on; `often`: they find out
 *   clients that have gone
 */
export async function startSite(box: Middlebox, beats: "quiet" | "often"): Promise<Site> {
  const server = await startTestServer({
    trustedProxies: box.isTrusted ? ["127.0.0.1"] : [],
    adminToken: "admin-token",
    ...(beats === "quiet" ? QUIET : OFTEN),
    pages: TEST_PAGES,
  });
  return { server, path: await box.start(server.url) };
}

/** Where a frame of `doors` is. @param query more of it */
export const frameOf = (query: string) => `/stream?channels=doors&transport=frame&${query}`;

/** A stream that a listing of the server names. */
interface Listed {
  readonly client: string | null;
  readonly transport: string;
  readonly address: string;
}

/** Of what the server tells of the streams that have ended. */
interface Stats {
  readonly ended: readonly { readonly client: string | null; readonly reason: string }[];
}

/** The streams that the server has. */
export async function listStreams(server: RunningServer): Promise<readonly Listed[]> {
  const { streams } = (await askAdmin(server, "/streams")) as { streams: readonly Listed[] };
  return streams;
}

/** The stream of a client, once the server has it; null where it gets none. */
export function findListed(
  server: RunningServer,
  client: string,
  ms = HELD_MS,
): Promise<Listed | null> {
  const look = async () => (await listStreams(server)).find((one) => one.client === client);
  return eventually(ms, look, client).catch(() => null);
}

/** The streams that the server has had, those that ended last. */
export async function listEnded(server: RunningServer): Promise<Stats["ended"]> {
  return ((await askAdmin(server, "/stats")) as Stats).ended;
}

async function askAdmin({ url }: RunningServer, path: string): Promise<unknown> {
  const headers = { Authorization: "Bearer admin-token" };
  return (await ask(url, "GET", path, { headers })).json;
}
