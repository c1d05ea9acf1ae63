import { readFileSync } from "node:fs";
import { expect } from "chai";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";

/** CPU time that a process has taken, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

describe("a server whose log has 100,000 channels of one message", function () {
  this.timeout(60_000);

  afterEach(() => {
    killProcesses();
    removeTemporaryDirectories();
  });

  it("is idle while nothing is published, is due or is asked", async () => {
    const data = createTemporaryDirectory();
    const { process: server, url } = await startServeProcess([
      ...["--data", data, "--trim-ms", "20", "--heartbeat-ms", "200"],
    ]);
    for (let n = 0; n < 50; n++) {
      const channels = Array.from({ length: 2_000 }, (_, i) => `c${n * 2_000 + i}`);
      const { status } = await ask(url, "POST", "/messages", {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channels, data: 1 }),
      });
      expect(status).to.equal(201);
    }
    const pid = server.child.pid ?? 0;
    const before = cpuSeconds(pid);
    // Fifty times as many looks in a second as by default.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(cpuSeconds(pid) - before, "seconds of CPU in 3 s").to.be.below(0.6);
  });
});
