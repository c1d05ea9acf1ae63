import { CodeBlocks } from "../support/code-blocks.ts";
import {
  startApache,
  startCaddy,
  startLighttpd,
  startVarnish,
  stopOtherProxies,
} from "../support/other-proxies.ts";
import { ALL_TRANSPORTS, probeProxy, startProxiedServer } from "../support/proxy-probe.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { stopServers } from "../support/test-server.ts";
import { destroyClients } from "../support/transport-clients.ts";

const blocks = new CodeBlocks("docs/proxies.md");

describe("docs/proxies.md", function () {
  this.timeout(120_000);

  afterEach(async () => {
    destroyClients();
    await stopOtherProxies();
    await stopServers();
    removeTemporaryDirectories();
  });

  for (const [name, language, start] of [
    ["Apache", "apache", startApache],
    ["lighttpd", "lighttpd", startLighttpd],
    ["Varnish", "vcl", startVarnish],
    ["Caddy", "caddy", startCaddy],
  ] as const) {
    const configuration = blocks.take(name, language);
    for (const fixture of ALL_TRANSPORTS) {
      it(`has a configuration of ${name} that lets streams by ${fixture.name} through`, async () => {
        const server = await startProxiedServer();
        const proxy = await start(configuration, new URL(server.url).host);
        await probeProxy(server, proxy, fixture);
      });
    }
  }
});
