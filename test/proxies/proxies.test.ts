import { CodeBlocks } from "../support/code-blocks.ts";
import { startConfiguredHaproxy, stopHaproxy } from "../support/haproxy.ts";
import { startConfiguredNginx, stopNginx } from "../support/nginx.ts";
import { ALL_TRANSPORTS, probeProxy, startProxiedServer } from "../support/proxy-probe.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { stopServers } from "../support/test-server.ts";
import { destroyClients } from "../support/transport-clients.ts";

const blocks = new CodeBlocks("docs/proxies.md");
const NGINX = blocks.take("nginx", "nginx");
const AWAY = blocks.take("nginx", "nginx");
const HAPROXY = blocks.take("HAProxy", "haproxy");

/** Each as docs/proxies.md has it, but for addresses; `upstream` has a host and a port. */
const PROXIES = {
  nginx: (upstream: string) =>
    startConfiguredNginx((address) =>
      NGINX.replace("listen 80", `listen ${address}`)
        .replace("127.0.0.1:8080", upstream)
        .replace("push.example;", `push.example;\n${AWAY}`),
    ),
  HAProxy: (upstream: string) =>
    startConfiguredHaproxy((address) =>
      HAPROXY.replace("bind :80", `bind ${address}`).replace("127.0.0.1:8080", upstream),
    ),
};

describe("docs/proxies.md", function () {
  this.timeout(60_000);

  afterEach(async () => {
    destroyClients();
    await stopNginx();
    await stopHaproxy();
    await stopServers();
    removeTemporaryDirectories();
  });

  for (const [name, start] of Object.entries(PROXIES)) {
    for (const fixture of ALL_TRANSPORTS) {
      it(`has a configuration of ${name} that lets streams by ${fixture.name} through`, async () => {
        const server = await startProxiedServer();
        await probeProxy(server, await start(new URL(server.url).host), fixture);
      });
    }
  }

  it("has nginx tell an EventSource to come back while the server is away", async () => {
    const proxy = await PROXIES.nginx("127.0.0.1:9");
    const headers = { Accept: "text/event-stream" };
    const answer = await fetch(`${proxy}/stream?channels=a`, { headers });
    const { status } = await fetch(`${proxy}/stream?channels=a`);
    const seen = `${answer.status} ${await answer.text()} ${status}`;
    if (seen !== "200 retry: 3000\n\n 502") throw new Error(seen);
  });
});
