// Closes streams, each when it is due, and prints how long each close event took, in ms:
// close-probe.ts PORT JSON. Each stream that was closed is replaced, so that their number stays. A
// process of its own, so that the load's turns don't count, and raw sockets that were open before,
// so that what a new connection waits for does not count either.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { CloseOrder } from "./close-order.ts";

const [portText = "", orderText = ""] = process.argv.slice(2);
const port = Number(portText);
const {
  streams,
  closes,
  pauseMs,
  limitMs,
  controlPort = port,
} = JSON.parse(orderText) as CloseOrder;

const CLOSE = '"type":"close"';

/** Connections for the requests, taken in turn: one that waits holds none of the others up. */
const CONTROLS = 8;

interface Victim {
  readonly id: string;
  /** When its close event came, by performance.now(). */
  readonly closed: Promise<number>;
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

async function openVictim(): Promise<Victim> {
  const socket = await dial(port);
  socket.write("GET /stream?channels=a&transport=ndjson HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  let opened = (_id: string) => {};
  let ended = (_time: number) => {};
  const id = new Promise<string>((resolve) => {
    opened = resolve;
  });
  const closed = new Promise<number>((resolve) => {
    ended = resolve;
  });
  let text = "";
  let known = false;
  socket.setEncoding("latin1").on("data", (more: string) => {
    text += more;
    if (known) {
      if (text.includes(CLOSE)) {
        ended(performance.now());
        socket.destroy();
      }
      text = text.slice(-CLOSE.length);
      return;
    }
    const id = /"stream":"([^"]+)"/.exec(text)?.[1];
    if (id === undefined) return;
    known = true;
    opened(id);
  });
  return { id: await id, closed };
}

/**
 * Ask for a stream's end on a connection that is open. @returns from when it was due to the event's
 * arrival, in ms
 */
async function close(control: Socket, { id, closed }: Victim, due: number): Promise<number> {
  control.write(
    `POST /streams/${id}/close HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`,
  );
  return (await closed) - due;
}

const controls = await Promise.all(Array.from({ length: CONTROLS }, () => dial(controlPort)));
for (const control of controls) control.resume();
const victims = Array.from({ length: streams }, openVictim);
await Promise.all(victims);
const deadline = performance.now() + limitMs;
const times: Promise<number>[] = [];
// Open loop: when a close is due does not depend on how long the last one took.
let due = performance.now();
while (times.length < closes && performance.now() < deadline) {
  due = Math.max(due + Math.random() * 2 * pauseMs, pauseMs === 0 ? performance.now() : 0);
  while (performance.now() < due) await pause(1);
  const victim = await victims.shift();
  const control = controls[times.length % CONTROLS];
  if (victim === undefined || control === undefined) break;
  times.push(close(control, victim, due));
  if (pauseMs === 0) await times.at(-1);
  victims.push(openVictim());
}
const found = await Promise.all(times);
process.stdout.write(JSON.stringify(found), () => process.exit());
