import { spawn } from "node:child_process";
import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { TEST_TLS, trustTestCertificate } from "../support/test-certificate.ts";
import { eventually } from "../support/within.ts";

/** The first bytes of a TLS handshake, which say that more will come. */
const HALF_HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);

/** A server that may open few files, which sockets are. */
async function startWithFewFiles(flags = ""): Promise<{ readonly url: string; stop(): void }> {
  const command = `ulimit -n 300 && exec node dist/cli.js serve --port 0 --memory ${flags}`;
  const child = spawn("sh", ["-c", command]);
  let stdout = "";
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  const url = await eventually(10_000, () => /serves at (\S+)/.exec(stdout)?.[1], "the server");
  return { url, stop: () => child.kill("SIGKILL") };
}

describe("a server whose sockets are all in use", function () {
  this.timeout(30_000);
  let stop = () => {};

  afterEach(() => {
    closeConnections();
    stop();
  });

  for (const [what, lines] of Object.entries({
    "connections that say nothing": [],
    "requests that are half sent": [
      "POST /channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 10",
    ],
  })) {
    it(`serves new ones, and keeps its streams: those make room that are ${what}`, async () => {
      const server = await startWithFewFiles();
      stop = server.stop;
      const stream = new RawConnection(server.url);
      stream.send("GET /stream?transport=ndjson&channels=a HTTP/1.1", "Host: localhost");
      await eventually(2_000, () => stream.received.includes("open"), "the stream");
      for (let n = 0; n < 500; n++) {
        const connection = new RawConnection(server.url);
        if (lines.length > 0) connection.send(...lines);
        if (n % 50 !== 49) continue;
        const { status } = await ask(server.url, "GET", "/healthz");
        expect(status, `behind ${n + 1}`).to.equal(200);
      }
      expect(stream.ended).to.equal(false);
    });
  }

  it("serves new ones over TLS, and keeps its streams: those make room whose handshake does not end", async () => {
    const distrust = trustTestCertificate();
    try {
      const { tlsCert, tlsKey } = TEST_TLS;
      const server = await startWithFewFiles(`--tls-cert ${tlsCert} --tls-key ${tlsKey}`);
      stop = server.stop;
      const stream = new RawConnection(server.url);
      stream.send("GET /stream?transport=ndjson&channels=a HTTP/1.1", "Host: localhost");
      await eventually(2_000, () => stream.received.includes("open"), "the stream");
      for (let n = 0; n < 500; n++) {
        const connection = new RawConnection(server.url.replace("https:", "http:"));
        if (n % 2 === 0) connection.socket.write(HALF_HELLO);
        if (n % 50 !== 49) continue;
        const { status } = await ask(server.url, "GET", "/healthz");
        expect(status, `behind ${n + 1}`).to.equal(200);
      }
      expect(stream.ended).to.equal(false);
    } finally {
      distrust();
    }
  });
});
