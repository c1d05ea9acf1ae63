import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";

/** Bytes of what is around the few that count. */
const PADDING = "x".repeat(12_000);

/** How often a request of its own is sent. */
const REQUESTS = 300;

/** Much less than a head with its padding, and more than a stream takes here with its client. */
const MAX_KEPT_BYTES = 8_000;

describe("a long head", function () {
  this.timeout(60_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
    removeTemporaryDirectories();
  });

  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;

  const bytesInUse = async () => {
    for (let n = 0; n < 3; n++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };

  for (const [where, path, header] of [
    ["the address", `&x=${PADDING}`, ""],
    ["X-Forwarded-For", "", `X-Forwarded-For: ${PADDING}, 2001:db8:1111:2222:3333:4444:5555:`],
  ] as const) {
    it(`is not kept with the stream that it opened: ${where}`, async () => {
      const { url } = await startTestServer({ trustedProxies: ["127.0.0.1"] });
      const open = async (name: string) => {
        const connection = new RawConnection(url);
        const by = header === "" ? "" : `\r\n${header}${name}`;
        const query = `transport=ndjson&client=the-client-named-${name}&channels=doors.of.number.n${name}${path}`;
        connection.socket.write(`GET /stream?${query} HTTP/1.1\r\nHost: 127.0.0.1${by}\r\n\r\n`);
        await eventually(5_000, () => connection.received.includes('"open"'), "the open event");
      };
      for (let n = 0; n < 50; n++) await open(String(n));
      const before = await bytesInUse();
      for (let n = 1_000; n < 1_000 + REQUESTS; n++) await open(String(n));
      expect((await bytesInUse()) - before).to.be.below(REQUESTS * MAX_KEPT_BYTES);
    });
  }

  it("is not kept with the client's name that was refused", async () => {
    const { url } = await startTestServer();
    const send = async (name: string) => {
      const query = `transport=none&client=the-client-named-${name}&channels=a&x=${PADDING}`;
      expect((await ask(url, "GET", `/stream?${query}`)).status).to.equal(400);
    };
    for (let n = 0; n < 50; n++) await send(String(n));
    const before = await bytesInUse();
    for (let n = 1_000; n < 1_000 + REQUESTS; n++) await send(String(n));
    expect((await bytesInUse()) - before).to.be.below(REQUESTS * MAX_KEPT_BYTES);
  });

  it("is not kept with the token that came in it", async () => {
    const file = createSecretFile();
    const { url } = await startTestServer({ secretFile: file.path });
    const send = async (jti: string) => {
      const token = await signToken({ foreverframe: { subscribe: ["a"] }, jti }, file.secret);
      const headers = { Cookie: `x=${PADDING}; foreverframe_token=${token}` };
      expect((await ask(url, "GET", "/channels/a/messages", { headers })).status).to.equal(200);
    };
    for (let n = 0; n < 50; n++) await send(String(n));
    const before = await bytesInUse();
    for (let n = 1_000; n < 1_000 + REQUESTS; n++) await send(String(n));
    expect((await bytesInUse()) - before).to.be.below(REQUESTS * MAX_KEPT_BYTES);
  });
});
