// One chaos client in a process of its own, which can be stopped by signals. Its argument is its
// plan; each line of its input is a fault, or null when faults are over; each line of its output is
// one call of its watch.
import { createInterface } from "node:readline";
import { ChaosClient } from "./chaos-client.ts";
import type { ClientPlan, ClientWatch } from "./client-plan.ts";
import type { ClientFault } from "./fault-plan.ts";

const plan = JSON.parse(process.argv[2] ?? "") as ClientPlan;
const say = (...call: readonly string[]) => process.stdout.write(`${JSON.stringify(call)}\n`);
const watch: ClientWatch = {
  opened: (cursor, url) => say("opened", cursor, url),
  message: (id, channel, digest) => say("message", id, channel, digest),
  wrong: (what) => say("wrong", what),
  count: (what) => say("count", what),
};
const client = new ChaosClient(plan, watch);
client.open();

const orders = createInterface(process.stdin);
orders.on("line", (line) => {
  const fault = JSON.parse(line) as ClientFault | null;
  if (fault === null) client.recover();
  else client.suffer(fault);
});
orders.on("close", () => process.exit());
