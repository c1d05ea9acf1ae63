// What a stream over TLS costs beside one over plain HTTP: CPU to open it, memory while it is idle,
// and CPU for each delivery.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { eventually } from "../test/support/within.ts";
import { publish } from "./load/publish.ts";
import { cpuTimeUs } from "./probes/cpu-time.ts";
import { pssKib } from "./probes/pss.ts";
import { freePort } from "./processes/free-port.ts";
import { startNodeServer } from "./servers/node-server.ts";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const fileOf = (name: string) =>
  fileURLToPath(new URL(`../test/support/tls/${name}`, import.meta.url));
const TLS = ["--tls-cert", fileOf("cert.pem"), "--tls-key", fileOf("key.pem")];

const FEW = 500;
const STREAMS = Number(process.env["STREAMS"] ?? 2_500);
const MESSAGES = 100;
/** Handshakes under way at once. */
const AT_ONCE = 50;

process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
process.removeAllListeners("warning"); // about just this

/** Open streams until there are this many. Counts what all of them are sent. */
class Readers {
  readonly sockets: Socket[] = [];
  bytes = 0;

  async open(port: number, isTls: boolean, count: number): Promise<void> {
    while (this.sockets.length < count) {
      const more = Math.min(AT_ONCE, count - this.sockets.length);
      await Promise.all(Array.from({ length: more }, () => this.#open(port, isTls)));
    }
  }

  async #open(port: number, isTls: boolean): Promise<void> {
    const socket = isTls ? connectTls({ host: "127.0.0.1", port }) : connect(port, "127.0.0.1");
    socket.write("GET /stream?transport=ndjson&channels=a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await once(socket, "data");
    socket.on("data", ({ length }) => {
      this.bytes += length;
    });
    this.sockets.push(socket);
  }
}

async function measure(name: string, flags: readonly string[]): Promise<void> {
  const port = await freePort();
  const isTls = flags.length > 0;
  const args = ["serve", "--memory", "--port", String(port), "--heartbeat-ms", "600000"];
  const { process: server, collect } = await startNodeServer([CLI, ...args, ...flags], port, {
    collectable: true,
  });
  const pids = server.pids();
  const cpuUs = () => pids.reduce((sum, pid) => sum + cpuTimeUs(pid), 0);
  const restingKib = async () => {
    await pause(300);
    await collect();
    return pssKib(pids);
  };
  const url = `${isTls ? "https" : "http"}://127.0.0.1:${port}`;
  const readers = new Readers();
  await readers.open(port, isTls, FEW);
  const few = await restingKib();
  const before = cpuUs();
  await readers.open(port, isTls, STREAMS);
  const openUs = (cpuUs() - before) / (STREAMS - FEW);
  const idleKib = ((await restingKib()) - few) / (STREAMS - FEW);
  const text = "x".repeat(100);
  let deliveryUs = 0;
  for (const messages of [MESSAGES / 5, MESSAGES]) {
    // The first round is the compiler's warm-up.
    const began = cpuUs();
    for (let n = 0; n < messages; n++) {
      const bytes = readers.bytes + STREAMS * text.length;
      await publish(url, "a", text, "text/plain");
      await eventually(10_000, () => readers.bytes >= bytes, "the deliveries");
    }
    deliveryUs = (cpuUs() - began) / messages / STREAMS;
  }
  const usedKib = ((await restingKib()) - few) / (STREAMS - FEW);
  console.log(
    `${name}: ${openUs.toFixed(0)} us CPU to open, ${idleKib.toFixed(1)} KiB idle, ` +
      `${usedKib.toFixed(1)} KiB after ${MESSAGES} messages, ${deliveryUs.toFixed(1)} us CPU a delivery`,
  );
  for (const socket of readers.sockets) socket.destroy();
  await server.stop();
}

for (let round = 1; round <= 2; round++) {
  await measure("plain", []);
  await measure("TLS  ", TLS);
}
