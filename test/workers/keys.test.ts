import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { ask } from "../support/request.ts";
import { childrenOf, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { bearer, createKeyPair, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";

describe("keys of tokens that one worker has read", function () {
  this.timeout(60_000);

  afterEach(() => {
    killProcesses();
    removeTemporaryDirectories();
  });

  it("are taken by the others at once, which don't ask for them", async () => {
    const [one, two] = [await createKeyPair("ES256", "one"), await createKeyPair("ES256", "two")];
    let published: readonly unknown[] = [one.jwk];
    let asked = 0;
    const issuer = createServer((_request, response) => {
      asked++;
      response.end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
    try {
      const jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
      const { process: server, url } = await startServeProcess([
        ...["--data", createTemporaryDirectory(), "--workers", "2"],
        ...["--jwks", jwks, "--issuer", "issuer", "--audience", "panels"],
      ]);
      const claims = {
        iss: "issuer",
        aud: "panels",
        exp: Math.floor(Date.now() / 1_000) + 600,
        foreverframe: { publish: ["a"] },
      };
      const token = await signToken(claims, two.key, { alg: "ES256", kid: "two" });
      const statuses = () =>
        Promise.all(
          Array.from({ length: 20 }, async () => {
            const headers = { ...bearer(token), "Content-Type": "application/json" };
            return (await ask(url, "POST", "/channels/a/messages", { headers, body: "1" })).status;
          }),
        );
      expect(new Set(await statuses())).to.deep.equal(new Set([401]));
      expect(asked).to.equal(2);
      published = [two.jwk];
      const [worker = 0] = childrenOf(server.child.pid ?? 0);
      process.kill(worker, "SIGKILL");
      await eventually(30_000, () => asked === 3, "the keys that its successor reads");
      await eventually(
        10_000,
        async () => (await statuses()).every((status) => status === 201),
        "both workers to take the new key",
      );
      expect(asked).to.equal(3);
    } finally {
      issuer.closeAllConnections();
      issuer.close();
    }
  });
});
