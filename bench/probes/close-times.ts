import { fileURLToPath } from "node:url";
import { within } from "../../test/support/within.ts";
import { startProcess } from "../processes/measured-process.ts";
import type { CloseOrder } from "./close-order.ts";

const PROBE = fileURLToPath(new URL("./close-probe.ts", import.meta.url));

/** Have streams closed by a process of its own. @returns how long each close event took, in ms */
export async function closeTimes(port: number, order: CloseOrder): Promise<number[]> {
  const args = ["--import=tsx", PROBE, String(port), JSON.stringify(order)];
  const probe = startProcess(process.execPath, args, ["ignore", "pipe", "ignore"]);
  try {
    let said = "";
    probe.child.stdout?.on("data", (text) => {
      said += text;
    });
    const ended = new Promise((resolve) => probe.child.once("close", resolve));
    await within(order.limitMs + 15_000, ended, "the closes");
    if (said === "") throw new Error(`the closes failed: ${probe.said()}`);
    const times = JSON.parse(said) as number[];
    if (times.length < order.closes) {
      throw new Error(`only ${times.length} of ${order.closes} closes in ${order.limitMs} ms`);
    }
    return times;
  } finally {
    await probe.stop();
  }
}
