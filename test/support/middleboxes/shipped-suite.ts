import { ALL_TRANSPORTS, probeProxy, startProxiedServer } from "../proxy-probe.ts";
import { removeTemporaryDirectories } from "../temporary-directory.ts";
import { trustTestCertificate } from "../test-certificate.ts";
import { stopServers } from "../test-server.ts";
import { destroyClients } from "../transport-clients.ts";
import type { Middlebox } from "./middlebox.ts";
import { stopMiddleboxes } from "./middleboxes.ts";

/** Hold the files in deploy/proxies/ of some middleboxes to every transport. */
export function describeShipped(boxes: readonly Middlebox[]): void {
  describe("the files in deploy/proxies/", function () {
    this.timeout(60_000);
    let distrust = () => {};

    before(() => {
      distrust = trustTestCertificate();
    });
    afterEach(async () => {
      destroyClients();
      await stopMiddleboxes();
      await stopServers();
      removeTemporaryDirectories();
    });
    after(() => distrust());

    for (const box of boxes) {
      for (const fixture of ALL_TRANSPORTS) {
        it(`let streams by ${fixture.name} through ${box.name}`, async () => {
          const server = await startProxiedServer();
          const { url } = await box.start(server.url);
          await probeProxy(server, url, fixture);
        });
      }
    }
  });
}
