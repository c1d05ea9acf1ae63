// Preloaded into a measured Node server (--expose-gc --import): at SIGUSR2 it collects all garbage,
// and tells what lives on file descriptor 3, one JSON object a line.
import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

process.on("SIGUSR2", async () => {
  // What one collection finalizes is freed by a later one, and the pages go back to the kernel
  // later still.
  for (let times = 0; times < 5; times++) {
    globalThis.gc();
    await pause(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  writeSync(3, `${JSON.stringify({ heapUsed, external, handles })}\n`);
});
