import { connect, type Socket } from "node:net";
import { expect } from "chai";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { destroyClients, NDJSON, openTransport } from "../support/transport-clients.ts";

/** Connections that a flood keeps, each with one request after the other. */
const CONNECTIONS = 8;

/** How long each flood lasts, in ms. */
const FLOOD_MS = 2_000;

/**
 * A publish beside a flood may take this many times as long as beside as many requests that cost
 * next to nothing, or this long where that is more. Those who send take processors too.
 */
const FACTOR = 3;
const LEAST_MS = 60;

describe("a flood from one address", function () {
  this.timeout(60_000);
  let file: SecretFile;
  let url: string;
  let token: string;

  beforeEach(async () => {
    file = createSecretFile();
    ({ url } = await startServeProcess([
      ...["--workers", "2", "--data", createTemporaryDirectory(), "--secret-file", file.path],
    ]));
    token = await signToken(
      { sub: "alice", foreverframe: { subscribe: ["**"], publish: ["**"] } },
      file.secret,
    );
    await ask(url, "GET", "/stream?transport=poll&wait=0&channels=a", { headers: bearer(token) });
  });
  afterEach(() => {
    destroyClients();
    killProcesses();
    removeTemporaryDirectories();
  });

  /** Send requests until the time is over. @returns how often each status, and code, came */
  const flood = async (request: (n: number) => string, until: number) => {
    const counts = new Map<string, number>();
    let sent = 0;
    const { hostname, port } = new URL(url);
    const run = () =>
      new Promise<void>((resolve) => {
        const socket: Socket = connect(Number(port), hostname);
        let text = "";
        const next = () => {
          if (Date.now() > until) return void socket.destroy();
          socket.write(request(sent++));
        };
        socket.on("connect", next);
        socket.on("data", (data) => {
          text += data.toString("latin1");
          const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1];
          const length = /content-length: (\d+)/i.exec(text)?.[1];
          const end = text.indexOf("\r\n\r\n");
          if (end < 0 || text.length < end + 4 + Number(length ?? 0)) return;
          const key = `${status} ${/FF_\w+/.exec(text)?.[0] ?? ""}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
          text = "";
          next();
        });
        socket.on("error", () => {});
        socket.on("close", () => resolve(Date.now() > until ? undefined : run()));
      });
    await Promise.all(Array.from({ length: CONNECTIONS }, run));
    return counts;
  };
  const request = (line: string, headers: readonly string[] = []) =>
    [`${line} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers, "", ""].join("\r\n");
  /** Publish, one after the other. @returns the 99th percentile of the times, in ms */
  const publishing = async (until: number) => {
    const times: number[] = [];
    const statuses = new Set<number>();
    while (Date.now() < until) {
      const began = performance.now();
      const { status } = await ask(url, "POST", "/channels/a/messages", {
        headers: { "Content-Type": "application/json", ...bearer(token) },
        body: "1",
      });
      statuses.add(status);
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    times.sort((a, b) => a - b);
    return { p99: times[Math.floor(times.length * 0.99)] ?? 0, statuses: [...statuses] };
  };

  const random = () => Math.random().toString(36).slice(2).padEnd(20, "x");
  const jwt = () =>
    `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(random()).toString("base64url")}.${random()}`;
  const floods: Readonly<Record<string, readonly [(n: number) => string, RegExp]>> = {
    "of wrong tokens": [
      () =>
        request("GET /stream?channels=a&transport=poll&wait=0", [`Authorization: Bearer ${jwt()}`]),
      /^429 FF_GUESSES_TOO_MANY$/m,
    ],
    "of wrong tickets": [
      () => request(`GET /stream?channels=a&transport=poll&wait=0&ticket=${random()}${random()}`),
      /^429 FF_GUESSES_TOO_MANY$/m,
    ],
    "of closes for ids that nobody has": [
      () =>
        request(`POST /streams/n1.${random()}/close`, [
          `Authorization: Bearer ${token}`,
          "Content-Length: 0",
        ]),
      /^(?:429 FF_GUESSES_TOO_MANY|404 FF_STREAM_UNKNOWN)$/m,
    ],
    "of polls that open a stream each": [
      () =>
        request("GET /stream?channels=a&transport=poll&wait=0", [`Authorization: Bearer ${token}`]),
      /^(?:200 |503 FF_STREAMS_TOO_MANY|429 FF_\w+)$/m,
    ],
  };
  for (const [what, [make, answers]] of Object.entries(floods)) {
    it(`${what} is refused, and a publisher beside it hardly feels it`, async () => {
      const client = await openTransport(NDJSON, url, "channels=a", bearer(token));
      const harmless = Date.now() + FLOOD_MS;
      const cheap = () => request("GET /healthz");
      const [, usual] = await Promise.all([flood(cheap, harmless), publishing(harmless)]);
      const until = Date.now() + FLOOD_MS;
      const [counts, busy] = await Promise.all([flood(make, until), publishing(until)]);
      expect(busy.statuses, "what the publisher was answered").to.deep.equal([201]);
      expect(client.ended).to.equal(false);
      const all = [...counts].sort(([, a], [, b]) => b - a);
      // A busy machine floods less, so that what is let through at first may be the most.
      expect(all.map(([answer]) => answer).join("\n"), JSON.stringify(all)).to.match(answers);
      const most = Math.max(FACTOR * usual.p99, LEAST_MS);
      expect(busy.p99, `p99 in ms; ${usual.p99} usually, ${JSON.stringify(all)}`).to.be.below(most);
    });
  }

  it("of wrong tokens leaves those that were taken before, and lets new ones in after a while", async () => {
    // One process, since each knows the tokens that it has taken itself.
    ({ url } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--secret-file", file.path],
    ]));
    const poll = (given: string) =>
      ask(url, "GET", "/stream?transport=poll&wait=0&channels=a", { headers: bearer(given) });
    expect((await poll(token)).status).to.equal(200);
    await flood(floods["of wrong tokens"]?.[0] ?? (() => ""), Date.now() + 1_000);
    for (let n = 0; n < 10; n++) expect((await poll(token)).status, `${n}`).to.equal(200);
    const fresh = await signToken({ foreverframe: { subscribe: ["a"] } }, file.secret);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await poll(fresh)).status).to.equal(200);
  });
});
