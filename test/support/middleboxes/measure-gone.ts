import { expect } from "chai";
import { eventually } from "../within.ts";
import { PathClient } from "./path-client.ts";
import { findListed, frameOf, listEnded, PROMPT_MS, type Site } from "./site.ts";

/** Longest until a frame is replaced because of its age, which is spread by a quarter, in ms. */
const OLD_MS = 25_000;

/** How a server notices that a client has gone. */
export type Gone = "at once" | "by heartbeats" | "by age" | "never";

/** Whether the server of a quiet site notices by the connection alone that a client has gone. */
export async function noticesAtOnce(site: Site): Promise<boolean> {
  return (await endOfGone(site, PROMPT_MS)) !== null;
}

/** What else tells the server of a site with heartbeats that a client has gone. */
export async function measureGone(site: Site): Promise<Gone> {
  const reason = await endOfGone(site, OLD_MS);
  return reason === null ? "never" : reason === "recycle" ? "by age" : "by heartbeats";
}

/** Why a frame ended whose client has left; null if it did not within so many ms. */
async function endOfGone({ server, path }: Site, ms: number): Promise<string | null> {
  const client = new PathClient(path);
  client.open("GET", frameOf("client=gone"));
  expect(await findListed(server, "gone"), "the stream of the client").not.to.equal(null);
  client.close();
  const reason = async () =>
    (await listEnded(server)).find((stream) => stream.client === "gone")?.reason;
  return eventually(ms, reason, "the end of the client that left").catch(() => null);
}
