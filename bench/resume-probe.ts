// Publishes and closes while others resume; prints how long each took, in ms, when its input ends.
import { openStream, pause, publish } from "./support.ts";

const [url = ""] = process.argv.slice(2);
const port = Number(new URL(url).port);
const publishes: number[] = [];
const closes: number[] = [];
let running = true;

process.stdin.on("data", () => {
  publishes.length = 0;
  closes.length = 0;
});
process.stdin.on("end", () => {
  running = false;
});

async function probePublishes(): Promise<void> {
  while (running) {
    publishes.push(await publish(url, "other", "1", "application/json"));
    await pause(5);
  }
}

/** From the control request to the `close` event at the client. */
async function probeClose(): Promise<number> {
  const socket = await openStream(port, "channels=another&transport=ndjson");
  let text = "";
  const until = (wanted: RegExp) =>
    new Promise<string>((resolve) => {
      const look = () => {
        const found = wanted.exec(text)?.[1];
        if (found === undefined) return;
        socket.off("data", look);
        resolve(found);
      };
      socket.on("data", look);
    });
  socket.on("data", (data) => {
    text += data;
  });
  const stream = await until(/"stream":"([^"]+)"/);
  const started = performance.now();
  const closed = until(/"reason":"(client)"/);
  await (await fetch(`${url}/streams/${stream}/close`, { method: "POST" })).arrayBuffer();
  await closed;
  socket.destroy();
  return performance.now() - started;
}

async function probeCloses(): Promise<void> {
  while (running) closes.push(await probeClose());
}

await Promise.all([probePublishes(), ...Array.from({ length: 8 }, probeCloses)]);
process.stdout.write(JSON.stringify({ publishes, closes }));
