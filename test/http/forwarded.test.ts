import { expect } from "chai";
import { listRequest } from "../../src/core/stream-list.ts";
import { parseProxies } from "../../src/http/forwarded.ts";
import { closeConnections } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { TEST_TLS, trustTestCertificate } from "../support/test-certificate.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

describe("what proxies say of a request", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const start = (trustedProxies: readonly string[], overrides = {}) =>
    startTestServer({ trustedProxies, ...overrides });
  const poll = (url: string, headers: Record<string, string>) =>
    ask(url, "GET", "/stream?transport=poll&wait=0&channels=a", { headers });
  /** The address that a request counts for. */
  const addressFor = async (trustedProxies: readonly string[], headers: Record<string, string>) => {
    const { url, hub } = await start(trustedProxies);
    expect((await poll(url, headers)).status).to.equal(200);
    return (await hub.admin.list(listRequest(0, 1))).streams[0]?.address;
  };

  for (const [what, proxies, headers, address] of [
    ["nobody is trusted", [], { "X-Forwarded-For": "203.0.113.9" }, "127.0.0.1"],
    ["another is trusted", ["10.0.0.0/8"], { "X-Forwarded-For": "203.0.113.9" }, "127.0.0.1"],
    ["nothing is said", ["127.0.0.1"], {}, "127.0.0.1"],
    ["one is trusted", ["127.0.0.1"], { "X-Forwarded-For": "203.0.113.9" }, "203.0.113.9"],
    [
      "a client has said something itself",
      ["127.0.0.0/8"],
      { "X-Forwarded-For": "10.1.1.1, 127.0.0.1, 203.0.113.9" },
      "203.0.113.9",
    ],
    [
      "two are trusted",
      ["127.0.0.1", "10.0.0.0/8"],
      { "X-Forwarded-For": "198.51.100.1, 203.0.113.9, 10.1.2.3" },
      "203.0.113.9",
    ],
    [
      "all are trusted",
      ["0.0.0.0/0"],
      { "X-Forwarded-For": "203.0.113.9, 10.1.2.3" },
      "203.0.113.9",
    ],
    ["it has a port", ["127.0.0.1"], { "X-Forwarded-For": "203.0.113.9:4711" }, "203.0.113.9"],
    [
      "it is IPv6 with a port",
      ["127.0.0.1"],
      { "X-Forwarded-For": "[2001:db8::9]:4711" },
      "2001:db8::9",
    ],
    [
      "it is IPv4 as IPv6 in hexadecimal",
      ["127.0.0.1"],
      { "X-Forwarded-For": "::ffff:cb00:7109" },
      "203.0.113.9",
    ],
    [
      "it is IPv4 as IPv6",
      ["127.0.0.1"],
      { "X-Forwarded-For": "::ffff:203.0.113.9" },
      "203.0.113.9",
    ],
    ["it is no address", ["127.0.0.1"], { "X-Forwarded-For": "unknown" }, "127.0.0.1"],
    ["it is empty", ["127.0.0.1"], { "X-Forwarded-For": ",, ," }, "127.0.0.1"],
    [
      "it is thousands",
      ["0.0.0.0/0"],
      { "X-Forwarded-For": `${"10.0.0.1,".repeat(2_000)}203.0.113.9` },
      "10.0.0.1",
    ],
    [
      "it is said by the standard's header",
      ["127.0.0.1"],
      { Forwarded: 'for=10.9.9.9, for="[2001:db8::9]:4711";proto=https;by=10.1.1.1' },
      "2001:db8::9",
    ],
    [
      "it is hidden by the standard's header",
      ["127.0.0.1"],
      { Forwarded: "for=_hidden" },
      "127.0.0.1",
    ],
    [
      "both kinds of headers say the same",
      ["127.0.0.1"],
      { Forwarded: "for=203.0.113.9", "X-Forwarded-For": "198.51.100.1, 203.0.113.9" },
      "203.0.113.9",
    ],
  ] as const) {
    it(`counts a request for ${address} where ${what}`, async () => {
      expect(await addressFor(proxies, headers)).to.equal(address);
    });
  }

  for (const [whose, headers] of [
    ["Forwarded", { Forwarded: "for=10.0.0.1", "X-Forwarded-For": "203.0.113.9" }],
    ["X-Forwarded-For", { Forwarded: "for=203.0.113.9", "X-Forwarded-For": "10.0.0.1" }],
    ["an empty Forwarded", { Forwarded: ";", "X-Forwarded-For": "203.0.113.9" }],
  ] as const) {
    it(`is refused where ${whose} of a client says something else than its proxy`, async () => {
      const { url } = await start(["127.0.0.1"]);
      const { status, json } = await poll(url, headers);
      expect([status, json.code]).to.deep.equal([400, "FF_REQUEST_INVALID"]);
    });
  }

  it("holds each client to limits of its own", async () => {
    const { url } = await start(["127.0.0.1"], { maxStreams: 10, maxStreamsPerAddress: 1 });
    const stream = (address: string) =>
      new Promise<number>((resolve) => {
        void fetch(`${url}/stream?transport=ndjson&channels=a`, {
          headers: { "X-Forwarded-For": address },
        }).then(({ status }) => resolve(status));
      });
    expect(await stream("203.0.113.1")).to.equal(200);
    expect(await stream("203.0.113.1")).to.equal(429);
    expect(await stream("203.0.113.2")).to.equal(200);
  });

  it("takes the Host that a trusted proxy was asked for, and no other", async () => {
    const { url } = await start(["127.0.0.1"], { allowedHosts: ["push.example"] });
    const publish = async (headers: Record<string, string>) =>
      (
        await ask(url, "POST", "/channels/a/messages", {
          headers: { "Content-Type": "application/json", ...headers },
          body: "1",
        })
      ).status;
    const Origin = "https://push.example";
    expect(await publish({ Origin, "X-Forwarded-Host": "push.example" })).to.equal(201);
    expect(await publish({ Origin, Forwarded: "for=203.0.113.9;host=push.example" })).to.equal(201);
    expect(await publish({ Origin })).to.equal(403);
    expect(await publish({ "X-Forwarded-Host": "rebound.example" })).to.equal(403);
    const plain = await start([], { allowedHosts: ["push.example"] });
    const { status } = await ask(plain.url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "application/json", Origin, "X-Forwarded-Host": "push.example" },
      body: "1",
    });
    expect(status).to.equal(403);
  });

  describe("about the scheme", () => {
    const publishFrom = async (url: string, headers: Record<string, string>) => {
      const { host } = new URL(url);
      const answer = await ask(url, "POST", "/channels/a/messages", {
        headers: { "Content-Type": "application/json", Host: host, ...headers },
        body: "1",
      });
      return answer.status;
    };
    const HTTPS = { "X-Forwarded-Proto": "https" };
    const HTTP = { "X-Forwarded-Proto": "http" };

    for (const [what, proxies, headers, http, https] of [
      ["nothing is said", ["127.0.0.1"], {}, 201, 201],
      ["who says it is not trusted", [], HTTPS, 201, 201],
      ["it is https", ["127.0.0.1"], HTTPS, 403, 201],
      ["it is http", ["127.0.0.1"], HTTP, 201, 403],
      ["it is that of a WebSocket", ["127.0.0.1"], { "X-Forwarded-Proto": "WSS" }, 403, 201],
      ["it is another", ["127.0.0.1"], { "X-Forwarded-Proto": "gopher" }, 201, 201],
      [
        "a client has said something itself",
        ["127.0.0.1"],
        { "X-Forwarded-For": "127.0.0.1, 203.0.113.9", "X-Forwarded-Proto": "http, https" },
        403,
        201,
      ],
      [
        "the outer of two that are trusted has another than the inner",
        ["127.0.0.0/8"],
        { "X-Forwarded-For": "203.0.113.9, 127.0.0.2", "X-Forwarded-Proto": "https, http" },
        403,
        201,
      ],
      [
        "the standard's header says it, which wins",
        ["127.0.0.1"],
        { ...HTTP, Forwarded: 'for=203.0.113.9;proto="https"' },
        403,
        201,
      ],
    ] as const) {
      it(`takes ${http} from a page of http, and ${https} from one of https, where ${what}`, async () => {
        const { url } = await start(proxies);
        const { host } = new URL(url);
        expect(await publishFrom(url, { ...headers, Origin: `http://${host}` })).to.equal(http);
        expect(await publishFrom(url, { ...headers, Origin: `https://${host}` })).to.equal(https);
      });
    }

    it("does not overrule a browser that says that page and server are one", async () => {
      const { url } = await start(["127.0.0.1"], { allowedHosts: ["push.example"] });
      const page = { Host: "push.example", Origin: "https://push.example" };
      const headers = { ...HTTP, ...page, "Sec-Fetch-Site": "same-origin" };
      expect(await publishFrom(url, headers)).to.equal(201);
    });

    it("is not needed where the server itself speaks TLS, and is believed before that", async () => {
      const distrust = trustTestCertificate();
      try {
        const { url } = await start(["127.0.0.1"], TEST_TLS);
        const { host } = new URL(url);
        const publish = async (headers: Record<string, string>) => {
          const answer = await fetch(`${url}/channels/a/messages`, {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: "1",
          });
          return answer.status;
        };
        expect(await publish({ Origin: `http://${host}` })).to.equal(403);
        expect(await publish({ Origin: `https://${host}` })).to.equal(201);
        expect(await publish({ ...HTTP, Origin: `http://${host}` })).to.equal(201);
        expect(await publish({ ...HTTP, Origin: `https://${host}` })).to.equal(403);
      } finally {
        distrust();
      }
    });
  });

  for (const entry of [
    "10.0.0.0/33",
    "10.0.0/8",
    "fd00::/129",
    "proxy.example",
    "10.0.0.0/8/8",
    "1.2.3.4/",
    "/8",
  ]) {
    it(`refuses ${entry} in one sentence`, () => {
      expect(() => parseProxies([entry])).to.throw(/--trusted-proxies has .*: write addresses/);
    });
  }

  it("takes addresses and networks of both families", () => {
    const proxies = parseProxies(["10.0.0.7", "192.168.0.0/16", "fd00::/8", "::1"]);
    for (const address of ["10.0.0.7", "192.168.3.4"])
      expect(proxies?.check(address, "ipv4"), address).to.equal(true);
    for (const address of ["fd12::1", "::1"])
      expect(proxies?.check(address, "ipv6"), address).to.equal(true);
    expect(proxies?.check("10.0.0.8", "ipv4")).to.equal(false);
  });
});
