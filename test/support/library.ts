import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createForeverframe, type Foreverframe } from "../../src/foreverframe.ts";
import type { ForeverframeOptions } from "../../src/options.ts";
import type { SubscriptionEvent } from "../../src/subscription-event.ts";
import { closeConnections } from "./raw-http.ts";
import { removeTemporaryDirectories } from "./temporary-directory.ts";
import { within } from "./within.ts";

const instances = new Set<Foreverframe>();
const servers = new Set<Server>();

/** Start Foreverframe in this process, with its log in memory unless the options say otherwise. */
export async function startLibrary(options: ForeverframeOptions = {}): Promise<Foreverframe> {
  const ff = await createForeverframe({ memory: true, drainMs: 1_000, ...options });
  instances.add(ff);
  return ff;
}

/** Let a server of an application listen. @returns its address */
export async function listen(server: Server): Promise<string> {
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The next events of a subscription. */
export async function take(
  subscription: AsyncIterator<SubscriptionEvent, undefined>,
  count: number,
): Promise<readonly SubscriptionEvent[]> {
  const events: SubscriptionEvent[] = [];
  while (events.length < count) {
    const step = await within(5_000, subscription.next(), `event ${events.length}`);
    if (step.done) break;
    events.push(step.value);
  }
  return events;
}

/** What the messages carry; of other events their type. */
export const dataOf = (events: readonly SubscriptionEvent[]) =>
  events.map((event) => (event.type === "message" ? event.data : event.type));

/** Stop all that was started; for `afterEach`. */
export async function stopLibraries(): Promise<void> {
  closeConnections();
  for (const ff of instances) await ff.drain();
  instances.clear();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  servers.clear();
  removeTemporaryDirectories();
}
