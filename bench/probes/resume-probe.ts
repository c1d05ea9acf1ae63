// Publishes and closes while others resume; prints how long each took, in ms, when its input ends.
// Its connections and the streams that it closes are open before: what a new connection waits for
// in the kernel's queue is not the server's doing.
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { openStream } from "../load/frame-stream.ts";

const VICTIMS = 600;
const PAUSE_MS = 25;

const [url = ""] = process.argv.slice(2);
const port = Number(new URL(url).port);
const publishes: number[] = [];
const closes: number[] = [];
let running = true;
let started = false;

process.stdin.on("data", () => {
  started = true;
});
process.stdin.on("end", () => {
  running = false;
});

function post(agent: Agent, path: string, body: string): Promise<void> {
  const headers = { "Content-Type": "application/json", "Content-Length": body.length };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.once("end", resolve);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

/** Repeat, and note how long each time took once the others have started. */
async function probe(times: number[], act: (agent: Agent) => Promise<void>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (running) {
    const begun = performance.now();
    await act(agent);
    if (started) times.push(performance.now() - begun);
    await pause(PAUSE_MS);
  }
  agent.destroy();
}

/** An open stream: its id, and its end. */
async function openVictim(): Promise<{ readonly id: string; readonly closed: Promise<void> }> {
  const socket = await openStream(port, "channels=another&transport=ndjson");
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  const until = (wanted: RegExp) =>
    new Promise<string>((resolve) => {
      socket.on("data", () => {
        const found = wanted.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
  const closed = until(/"reason":"(client)"/).then(() => void socket.destroy());
  return { id: await until(/"stream":"([^"]+)"/), closed };
}

const victims = await Promise.all(Array.from({ length: VICTIMS }, openVictim));
await Promise.all([
  probe(publishes, (agent) => post(agent, "/channels/other/messages", "1")),
  probe(closes, async (agent) => {
    const victim = victims.pop();
    if (!started || victim === undefined) return post(agent, "/streams/none/close", "");
    await post(agent, `/streams/${victim.id}/close`, "");
    await victim.closed;
  }),
]);
// The streams that are left would keep the process.
process.stdout.write(JSON.stringify({ publishes, closes }), () => process.exit());
