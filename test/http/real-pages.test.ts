import type { OutgoingHttpHeaders } from "node:http";
import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask, expectProblem } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const OWN = { "Sec-Fetch-Site": "same-origin" };

async function publish(url: string, headers: OutgoingHttpHeaders): Promise<number> {
  const answer = await ask(url, "POST", "/channels/doors/messages", {
    headers: { "Content-Type": "text/plain", ...headers },
    body: "1",
  });
  return answer.status;
}

describe("what browsers send of real pages", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is taken through a proxy that sends its own address as Host, where the browser says that it is the same origin", async () => {
    const { url } = await startTestServer();
    const { host } = new URL(url);
    for (const Origin of ["https://push.example", "http://127.0.0.1:8099", "null"]) {
      expect(await publish(url, { Host: host, Origin, ...OWN }), Origin).to.equal(201);
      expect(await publish(url, { Host: host, Origin }), Origin).to.equal(403);
      const foreign = { Host: host, Origin, "Sec-Fetch-Site": "cross-site" };
      expect(await publish(url, foreign), Origin).to.equal(403);
    }
  });

  it("is refused with the settings of proxies that would help", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/healthz", { headers: { Origin: "https://x.example" } });
    expectProblem(answer, 403, "FF_ORIGIN_REFUSED");
    expect(answer.json.detail).to.include("proxy_set_header Host $http_host");
    expect(answer.json.detail).to.include("ProxyPreserveHost On");
    expect(answer.json.detail).to.include("--allowed-origins");
  });

  for (const [host, origin, status] of [
    ["push.example", "https://push.example", 201],
    ["push.example:443", "https://push.example", 201],
    ["push.example:80", "http://push.example", 201],
    ["push.example:8443", "https://push.example:8443", 201],
    ["push.example", "https://push.example:8443", 403],
    ["push.example:443", "https://push.example:444", 403],
    ["push.example:443", "https://other.example", 403],
  ] as const) {
    it(`is ${status} for Host ${host} and Origin ${origin}`, async () => {
      const { url } = await startTestServer({ allowedHosts: ["push.example"] });
      expect(await publish(url, { Host: host, Origin: origin })).to.equal(status);
      const told = origin.includes("other") ? 201 : status; // a name that a proxy has changed
      expect(await publish(url, { Host: host, Origin: origin, ...OWN })).to.equal(told);
    });
  }

  it("may name the address that the connection has here, and no other", async () => {
    const { url } = await startTestServer({ host: "127.0.0.2" });
    expect(await publish(url, { Host: "127.0.0.2:80" })).to.equal(201);
    expect(await publish(url, { Host: "127.0.0.3" })).to.equal(403);
  });

  it("is refused with two Host headers, whichever is known", async () => {
    const { url } = await startTestServer();
    for (const hosts of [
      ["localhost", "x.example"],
      ["x.example", "localhost"],
      ["localhost", "localhost"],
    ]) {
      const connection = new RawConnection(url);
      connection.send(
        "GET /healthz HTTP/1.1",
        ...hosts.map((host) => `Host: ${host}`),
        "Connection: close",
      );
      await connection.untilEnded();
      expect(connection.head.status, hosts.join()).to.equal(400);
    }
  });

  it("lets an app's page call whose origin is allowed", async () => {
    const origin = "capacitor://localhost";
    const { url } = await startTestServer({ allowedOrigins: [origin] });
    const answer = await ask(url, "GET", "/healthz", { headers: { Origin: origin } });
    expect(answer.status).to.equal(200);
    expect(answer.headers).to.include({
      "access-control-allow-origin": origin,
      "cross-origin-resource-policy": "cross-origin",
    });
    expect(answer.headers["access-control-expose-headers"]).to.include("Retry-After");
    const other = await ask(url, "GET", "/healthz", { headers: { Origin: "capacitor://other" } });
    expect(other.status).to.equal(403);
  });

  it("gets a preflight's answer for what libraries send, and for a private network, where it is allowed", async () => {
    const origin = "https://intranet.example";
    const { url } = await startTestServer({ allowedOrigins: [origin] });
    const preflight = (Origin: string) =>
      ask(url, "OPTIONS", "/stream?channels=doors", {
        headers: {
          Origin,
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": "cache-control,last-event-id,x-requested-with",
          "Access-Control-Request-Private-Network": "true",
        },
      });
    const { status, headers } = await preflight(origin);
    expect(status).to.equal(204);
    const allowed = String(headers["access-control-allow-headers"]).toLowerCase().split(", ");
    expect(allowed).to.include.members(["cache-control", "last-event-id", "x-requested-with"]);
    expect(headers["access-control-allow-private-network"]).to.equal("true");
    const refused = await preflight("https://x.example");
    expect(refused.status).to.equal(403);
    expect(refused.headers).to.not.have.property("access-control-allow-private-network");
  });

  it("is answered with a policy, whatever it is", async () => {
    const { url } = await startTestServer();
    for (const path of [
      "/",
      "/foreverframe.js",
      "/healthz",
      "/nothing",
      "/channels/doors/messages",
      "/control?stream=x",
      "/stream?channels=a..b",
    ]) {
      const { headers } = await ask(url, "GET", path);
      expect(headers, path).to.include({ "x-content-type-options": "nosniff" });
      expect(headers["cross-origin-resource-policy"], path).to.equal("same-origin");
      expect(headers["content-security-policy"], path)
        .to.match(/(?:default|object)-src '(?:none|self)'/)
        .and.include("frame-ancestors 'self'");
    }
  });

  for (const request of ["OPTIONS / HTTP/1.0", "OPTIONS * HTTP/1.1\r\nHost: localhost"]) {
    it(`is well for a balancer that asks ${JSON.stringify(request)}`, async () => {
      const { url } = await startTestServer();
      const connection = new RawConnection(url);
      connection.send(request, "Connection: close");
      await connection.untilEnded();
      expect(connection.head.status).to.equal(204);
    });
  }
});
