// 15,000 streams come back at once, each with 100 messages to catch up: how long do publishes and
// closes wait meanwhile? The waits are measured by a process of its own (probes/resume-probe.ts),
// so that the load's own turns don't count.
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStream } from "./load/frame-stream.ts";
import { publish } from "./load/publish.ts";
import { quantile } from "./measures/quantile.ts";
import { startBuiltServer } from "./servers/built-server.ts";

const STREAMS = Number(process.env["STREAMS"] ?? 15_000);
const MESSAGES = 100;
const MARKER = '"type":"message"';

const server = await startBuiltServer(["--recycle-bytes", "0", "--publishes-per-second", "0"]);
const line = JSON.stringify({ text: "x".repeat(100) });
const first = (await (
  await fetch(`${server.url}/channels/a/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: line,
  })
).json()) as { id: string };
const lines = Array.from({ length: MESSAGES }, () => line).join("\n");
await publish(server.url, "a", lines, "application/x-ndjson");

const probe = spawn(
  process.execPath,
  ["--import=tsx", fileURLToPath(new URL("./probes/resume-probe.ts", import.meta.url)), server.url],
  { stdio: ["pipe", "pipe", "inherit"] },
);
let said = "";
probe.stdout.on("data", (text) => {
  said += text;
});
await pause(2_000);
probe.stdin.write("start\n");

const started = performance.now();
const sockets: Socket[] = [];
let complete = 0;
for (let n = 0; n < STREAMS; n++) {
  const opening = openStream(server.port, `channels=a&after=${first.id}`).then((socket) => {
    let events = 0;
    let rest = "";
    sockets.push(socket);
    socket.on("data", (data) => {
      const before = events;
      const text = rest + data.toString("latin1");
      events += text.split(MARKER).length - 1;
      rest = text.slice(1 - MARKER.length);
      if (before < MESSAGES && events >= MESSAGES) complete++;
    });
  });
  if (n % 500 === 499) await opening;
}
while (complete < STREAMS && performance.now() - started < 40_000) await pause(20);
const took = performance.now() - started;
const ended = new Promise((resolve) => probe.once("close", resolve));
probe.stdin.end();
await ended;

const { publishes, closes } = JSON.parse(said) as { publishes: number[]; closes: number[] };
const row = (values: readonly number[]) =>
  `${values.length} times, p50 ${quantile(values, 0.5).toFixed(1)} ms, p99 ${quantile(values, 0.99).toFixed(1)} ms, longest ${quantile(values, 1).toFixed(1)} ms`;
console.log(
  `${complete} of ${STREAMS} streams had their ${MESSAGES} messages after ${(took / 1_000).toFixed(1)} s`,
);
console.log(`publish: ${row(publishes)}`);
console.log(`close:   ${row(closes)}`);
for (const socket of sockets) socket.destroy();
await server.stop();
