// What 50 readers that never read cost: the server's memory, and a live reader's latency beside
// them.
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { openStream } from "./load/frame-stream.ts";
import { publish } from "./load/publish.ts";
import { quantile } from "./measures/quantile.ts";
import { startBuiltServer } from "./servers/built-server.ts";

const READERS = 50;
const MESSAGE_BYTES = 2_000;
const RATE = 1_000;
const MESSAGES = 15_000; // 30 MB

/**
 * Publish at a constant rate and return the live reader's latencies, in ms, measured from when each
 * was due.
 */
async function measure(url: string, live: Socket): Promise<number[]> {
  const latencies: number[] = [];
  let text = "";
  const onData = (data: Buffer) => {
    text += data.toString("latin1");
    let end = 0;
    for (const match of text.matchAll(/@(\d+\.\d+)@/g)) {
      latencies.push(performance.now() - Number(match[1]));
      end = match.index + match[0].length;
    }
    text = text.slice(Math.max(end, text.length - 100));
  };
  live.on("data", onData);
  const padding = "x".repeat(MESSAGE_BYTES);
  const start = performance.now();
  const pending: Promise<number>[] = [];
  for (let n = 0; n < MESSAGES; ) {
    const due = Math.min(MESSAGES, Math.floor(((performance.now() - start) / 1_000) * RATE));
    for (; n < due; n++) {
      const stamp = (start + (n / RATE) * 1_000).toFixed(3);
      pending.push(publish(url, "a", `@${stamp}@${padding}`, "text/plain"));
    }
    await pause(1);
  }
  await Promise.all(pending);
  for (let waits = 0; latencies.length < MESSAGES && waits < 100; waits++) await pause(50);
  live.off("data", onData);
  return latencies;
}

const server = await startBuiltServer([
  "--recycle-bytes",
  "0",
  "--stall-ms",
  "3600000",
  "--retain-messages",
  "1000000",
]);
const live = await openStream(server.port, "channels=a");
await pause(300);
await measure(server.url, live); // the compiler's warm-up
const alone = await measure(server.url, live);
const before = server.anonymousMib();
const stuck = await Promise.all(
  Array.from({ length: READERS }, () => openStream(server.port, "channels=a")),
);
for (const socket of stuck) socket.pause();
await pause(300);
const beside = await measure(server.url, live);
const after = server.anonymousMib();
const row = (values: readonly number[]) =>
  `${values.length} messages, p50 ${quantile(values, 0.5).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms`;
console.log(`alone:               ${row(alone)}`);
console.log(`beside ${READERS} stuck ones: ${row(beside)}`);
console.log(`p99 ratio ${(quantile(beside, 0.99) / quantile(alone, 0.99)).toFixed(2)}`);
console.log(
  `server memory ${before.toFixed(0)} -> ${after.toFixed(0)} MiB (${(after - before).toFixed(1)} more)`,
);
for (const socket of stuck) socket.destroy();
live.destroy();
await server.stop();
