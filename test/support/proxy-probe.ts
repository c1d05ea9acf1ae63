import { expect } from "chai";
import type { RunningServer } from "../../src/server.ts";
import { ask } from "./request.ts";
import { startTestServer } from "./test-server.ts";
import {
  destroyClients,
  FRAME,
  NDJSON,
  openTransport,
  POLL,
  SSE,
  type TransportFixture,
  untilEvents,
  WEBSOCKET,
} from "./transport-clients.ts";
import { eventually } from "./within.ts";

/** How streams may come through a proxy. */
export const ALL_TRANSPORTS = [FRAME, SSE, NDJSON, POLL, WEBSOCKET];

/** A server as docs/proxies.md starts it, but with heartbeats that a test can wait for. */
export function startProxiedServer(): Promise<RunningServer> {
  return startTestServer({
    trustedProxies: ["127.0.0.1"],
    heartbeatMs: 500,
    adminToken: "admin-token",
  });
}

/** What a page sends that the proxy's address has served. */
const ofPage = (proxy: string) => ({ Origin: proxy, "Content-Type": "application/json" });

/**
 * Hold a proxy to what docs/proxies.md promises: streams come through while they are open, a page's
 * publish and close are taken, and the server notices that a client has gone.
 *
 * @param proxy its address
 */
export async function probeProxy(
  server: RunningServer,
  proxy: string,
  fixture: TransportFixture,
): Promise<void> {
  const publish = async (data: unknown) => {
    const answer = await ask(proxy, "POST", "/channels/doors/messages", {
      headers: ofPage(proxy),
      body: JSON.stringify(data),
    });
    expect(answer.status, answer.text).to.equal(201);
  };
  // A client that makes itself out to be another one.
  const forged = { "X-Forwarded-For": "192.0.2.1", Forwarded: "for=192.0.2.2" };
  const client = await openTransport(fixture, proxy, "channels=doors", forged);
  for (const n of [1, 2]) {
    await publish(n);
    const isLast = () => client.events.at(-1)?.["data"] === n;
    await untilEvents(client, isLast, `message ${n} while the stream is open`);
  }
  const headers = { Authorization: "Bearer admin-token" };
  const listed = await ask(proxy, "GET", "/streams", { headers });
  expect(listed.json.streams[0].address, "the address of the client").to.equal("127.0.0.1");
  const closing = await ask(proxy, "POST", `/${client.events[0]?.["close"]}`, {
    headers: ofPage(proxy),
  });
  expect(closing.json).to.include({ reason: "client", messages: 2 });
  await untilEvents(client, (events) => events.at(-1)?.type === "close", "the close");

  if (fixture === POLL) return; // which holds no connection
  await openTransport(fixture, proxy, "channels=doors");
  expect(server.hub.openStreams).to.equal(1);
  destroyClients();
  await eventually(15_000, () => server.hub.openStreams === 0, "the end of the client that left");
}
