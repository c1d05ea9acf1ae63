import { expect } from "chai";
import fc from "fast-check";
import { pino } from "pino";
import type { RunningServer } from "../../src/server.ts";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { hostileLine, nearly, oddBytes, oddText } from "./arbitraries.ts";
import { checkHold, type Runs } from "./attempt.ts";

const ADMIN_TOKEN = "an-admin-token";

/** An answer is awaited for this long, in ms: a request that has not come whole gets none. */
const PATIENCE_MS = 30;

/** One request among so many has a fault in its method, in its address and so on. */
const FEW = 12;

/** What routes take. */
const CALLS = [
  "GET /stream?channels=a",
  "GET /stream?channels=a&transport=poll&wait=0",
  "GET /stream?channels=a&transport=poll&wait=0&callback=heard",
  "GET /stream?channels=a&transport=ws",
  "GET /stream?channels=a&after=earliest&transport=sse",
  "GET /stream?channels=a&origin=http://localhost",
  "GET http://localhost/stream?channels=a.*&last=5",
  "HEAD /stream?channels=a",
  "POST /stream?transport=poll&wait=0&channels=a",
  "POST /channels/a/messages",
  "POST /channels/a/messages",
  "POST /messages",
  "GET /channels/a/messages?limit=1",
  "DELETE /channels/a",
  "POST /channels/a/close",
  "POST /clients/x/close",
  "POST /close",
  "GET /streams/x",
  "POST /streams/x/close",
  "POST /streams/x/ack",
  "GET /control?stream=x",
  "GET /streams?limit=2",
  "GET /channels?after=a",
  "GET /healthz",
  "GET /",
  "GET /foreverframe.js",
  "OPTIONS *",
];

const ODD_ADDRESSES = [
  ..."* // //x /a#b /%c3%28/..%2f%00 http://[::1/ http://x:99999/ //[/ ? http: a:b /?".split(" "),
  "",
];

const odd = fc
  .tuple(
    fc.constantFrom(..."GET POST PUT CONNECT get PRI OPTIONS".split(" ")),
    fc.oneof(
      fc.constantFrom(...ODD_ADDRESSES),
      hostileLine(300).map((line) => `/${line}`),
    ),
  )
  .map((parts) => parts.join(" "));

const call = fc.oneof(
  { weight: 4, arbitrary: nearly(fc.constantFrom(...CALLS), FEW) },
  { weight: 1, arbitrary: odd },
);

const HEADERS = {
  Accept: ["text/html", "text/event-stream", "*/*;q=0", "image/gif"],
  "Access-Control-Request-Method": ["GET"],
  Authorization: [`Bearer ${ADMIN_TOKEN}`, "Bearer x", "Bearer a.b.c", "Basic x"],
  Connection: ["close", "keep-alive", "Upgrade", "Upgrade, close"],
  "Content-Encoding": ["gzip", "identity"],
  "Content-Length": ["0", "1", "3", "99", "-1", "1, 1", "1e3"],
  "Content-Type": [
    ..."application/json text/plain application/x-ndjson application/x-www-form-urlencoded".split(
      " ",
    ),
    "text/plain; charset=utf-16",
    "multipart/form-data; boundary=",
  ],
  Cookie: ["foreverframe_token=x", "foreverframe_token=a.b.c"],
  Expect: ["100-continue", "x"],
  Forwarded: ["for=192.0.2.1;host=localhost", "for=unknown"],
  Host: ["localhost", "localhost:80", "x.example", "[::1]", "", "a b", "localhost:99999"],
  "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT"],
  "If-None-Match": ["*", 'W/"a"'],
  "Idempotency-Key": ["k", ""],
  "Last-Event-ID": ["x", "x.end"],
  Origin: ["http://localhost", "null", "http://[", "http://x.example"],
  Range: ["bytes=0-1", "bytes=-"],
  Referer: ["http://localhost/", "x"],
  "Sec-Fetch-Site": ["same-origin", "cross-site", "none"],
  "Sec-WebSocket-Key": ["dGhlIHNhbXBsZSBub25jZQ=="],
  "Sec-WebSocket-Version": ["13", "8"],
  "Transfer-Encoding": ["chunked", "gzip, chunked", "identity"],
  Upgrade: ["websocket", "h2c"],
  "X-Forwarded-For": ["192.0.2.1", "::ffff:10.0.0.1%x"],
};

const header = fc
  .constantFrom(...Object.entries(HEADERS))
  .chain(([name, values]) =>
    nearly(fc.constantFrom(...values), FEW).map((value) => `${name}: ${value}`),
  );

const body = fc.oneof(
  fc.constantFrom(
    ..."1 {} [1,2] 3\r\n1\r\n0 0\r\n\r\n msg=1".split(" "),
    '{"channels":["a"],"data":1}',
  ),
  oddText,
);

const version = fc.oneof(
  { weight: FEW, arbitrary: fc.constant("HTTP/1.1") },
  { weight: 1, arbitrary: fc.constantFrom("HTTP/1.0", "HTTP/2.0", "http/1.1", "") },
);

const host = fc.oneof(
  { weight: FEW, arbitrary: fc.constant("Host: localhost") },
  { weight: 1, arbitrary: fc.constant(null) },
);

const content = fc.tuple(body, fc.constantFrom(...HEADERS["Content-Type"]));

const request = nearly(
  fc
    .tuple(call, version, host, fc.array(header, { maxLength: 4 }), fc.option(content))
    .map(([line, protocol, name, headers, given]) => {
      const [text, type] = given ?? ["", ""];
      const about = [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(text)}`];
      const lines = [`${line} ${protocol}`, name, ...headers, ...(given ? about : [])];
      return `${lines.filter((line) => line !== null).join("\r\n")}\r\n\r\n${text}`;
    }),
  FEW,
);

const frame = fc
  .record({
    first: fc.oneof(fc.constantFrom(0x81, 0x01, 0x80, 0x82, 0x88, 0x89, 0x8a, 0xc1), fc.nat(255)),
    isMasked: fc.constantFrom(true, true, true, false),
    payload: fc.oneof(
      fc
        .constantFrom('{"type":"close"}', '{"type":"x"}', "null", "{}", "[")
        .map((text) => Buffer.from(text)),
      oddBytes,
      fc.constantFrom(125, 126, 4_096, 4_097, 20_000).map((size) => Buffer.alloc(size, "x")),
    ),
    lie: fc.constantFrom(0, 0, 0, 0, 1, -1, 60_000),
  })
  .map(({ first, isMasked, payload, lie }) => {
    const length = Math.max(0, payload.length + lie);
    const size = Buffer.alloc(length < 126 ? 2 : 4);
    size[0] = first;
    size[1] = (isMasked ? 0x80 : 0) | Math.min(length, 126);
    if (length >= 126) size.writeUInt16BE(Math.min(length, 0xffff), 2);
    const mask = Buffer.alloc(isMasked ? 4 : 0); // of zeros: the payload stays as it is
    return Buffer.concat([size, mask, payload]);
  });

const HANDSHAKE = [
  "GET /stream?channels=a HTTP/1.1",
  "Host: localhost",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

/** A request without a body. */
const asked = (line: string) => `${line}\r\nHost: localhost\r\n\r\n`;

/** What is held to whatever comes over a connection. */
export function describeWire({ heavy }: Runs): void {
  describe("a server", () => {
    let servers: readonly RunningServer[] = [];
    const faults: string[] = [];

    beforeEach(async () => {
      faults.length = 0;
      const logger = pino({ level: "error" }, { write: (line) => faults.push(line) });
      const settings = {
        trustedProxies: ["127.0.0.1"],
        adminToken: ADMIN_TOKEN,
        jsonp: true,
        pollKeptMs: 100, // no other poll comes
      };
      const { path: secretFile } = createSecretFile();
      servers = [
        await startTestServer(settings, logger),
        await startTestServer({ ...settings, secretFile }, logger),
      ];
    });
    afterEach(async () => {
      closeConnections();
      await stopServers();
      removeTemporaryDirectories();
    });

    /**
     * Send pieces, end the connection's half, at once or after an answer, and wait for the server
     * to end the other.
     */
    async function send(
      url: string,
      pieces: readonly (string | Buffer)[],
      isPatient: boolean,
    ): Promise<string> {
      const connection = new RawConnection(url);
      connection.socket.setNoDelay(true);
      for (const piece of pieces) connection.socket.write(piece);
      const seen = () => connection.received !== "" || connection.ended;
      if (isPatient) await eventually(PATIENCE_MS, seen, "an answer").catch(() => {});
      connection.socket.end();
      await connection.untilEnded();
      connection.destroy();
      return connection.received;
    }

    /** Nothing may fail for a reason that is not the client's. */
    function checkFaults(): void {
      const logged = faults.splice(0).join("");
      expect(logged, logged).to.equal("");
    }

    async function checkServers(): Promise<void> {
      checkFaults();
      for (const { url, hub } of servers) {
        expect((await ask(url, "GET", "/healthz")).status).to.equal(200);
        await eventually(5_000, () => hub.openStreams === 0, "streams to end");
      }
    }

    it("answers whatever comes, and serves on", async () => {
      const all = fc.array(request, { minLength: 1, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(
          all,
          fc.nat(1),
          fc.nat(),
          fc.boolean(),
          async (requests, which, place, isPatient) => {
            const bytes = Buffer.from(requests.join(""));
            const at = place % (bytes.length + 1);
            const { url } = servers[which] as RunningServer;
            await checkHold(async () => {
              const answer = await send(
                url,
                [bytes.subarray(0, at), bytes.subarray(at)],
                isPatient,
              );
              expect(answer).to.match(/^(?:$|HTTP\/1\.1 \d{3} )/);
              expect(answer).to.not.match(/HTTP\/1\.1 500 |FF_INTERNAL/);
              checkFaults();
            });
          },
        ),
        {
          numRuns: heavy,
          examples: [
            [[asked("GET http://[::1/ HTTP/1.1")], 0, 0, false],
            [[asked("GET /foreverframe.js HTTP/1.1"), asked("CONNECT * HTTP/1.0")], 0, 0, false],
          ],
        },
      );
      await checkServers();
    });

    it("takes whatever a WebSocket's client sends, and ends its stream", async () => {
      const frames = fc.array(
        fc.oneof({ weight: 6, arbitrary: frame }, { weight: 1, arbitrary: oddBytes }),
        {
          maxLength: 8,
        },
      );
      await fc.assert(
        fc.asyncProperty(frames, fc.boolean(), fc.nat(), async (sent, isLate, place) => {
          const bytes = Buffer.concat(sent);
          const at = place % (bytes.length + 1);
          const [{ url } = { url: "" }] = servers;
          await checkHold(async () => {
            const connection = new RawConnection(url);
            connection.socket.setNoDelay(true);
            connection.socket.write(HANDSHAKE);
            // Else they come with the head of the request
            if (isLate)
              await eventually(5_000, () => connection.received.includes('"open"'), "a stream");
            connection.socket.write(bytes.subarray(0, at));
            connection.socket.end(bytes.subarray(at));
            await connection.untilEnded();
            connection.destroy();
            expect(connection.received).to.match(/^(?:$|HTTP\/1\.1 (?:101|400) )/);
            checkFaults();
          });
        }),
        { numRuns: heavy },
      );
      await checkServers();
    });
  });
}
