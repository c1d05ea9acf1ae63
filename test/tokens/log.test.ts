import { createServer } from "node:net";
import { expect } from "chai";
import { startApplication, stopApplications } from "../support/application.ts";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { bearer, createSecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";

const ADMIN = "the-admin-token-of-this-test";

describe("the server's log", function () {
  this.timeout(30_000);

  afterEach(async () => {
    await stopApplications();
    killProcesses();
    removeTemporaryDirectories();
  });

  it("holds no token, cookie, ticket, name, id or body, whatever fails", async () => {
    const file = createSecretFile();
    const application = await startApplication(({ action }, response) => {
      if (action === "publish") response.destroy();
      else response.writeHead(500).end("the-body-of-the-application");
      return undefined;
    });
    const url = `${application.url}?key=the-key-of-the-application`;
    const { process, url: server } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--secret-file", file.path],
      ...["--authorize-url", url, "--admin-token", ADMIN],
    ]);
    const token = await signToken(
      { sub: "the-subject", foreverframe: { subscribe: ["**"], publish: ["**"] } },
      file.secret,
    );
    const cookie = { Cookie: "session=the-session-cookie" };
    const json = { "Content-Type": "application/json" };
    const send = (method: string, path: string, headers: object = {}, body = "") =>
      ask(server, method, path, { headers: { ...headers }, body }).catch(() => null);
    const ticket = await send(
      "POST",
      "/tickets",
      { ...json, ...bearer(token) },
      '{"channels":"a"}',
    );
    const stream = "/stream?transport=poll&wait=0&channels=the-channel";
    for (let n = 0; n < 3; n++) {
      await send("GET", stream, cookie);
      await send("GET", stream, bearer(`${token}x`));
      await send("GET", `${stream}&ticket=${ticket?.json.ticket}`);
      await send("GET", `${stream}&client=the-client`, cookie);
      await send("POST", "/streams/n1.the-stream-id/close", { ...cookie, Origin: server });
      await send(
        "POST",
        "/channels/the-channel/messages",
        { ...json, ...cookie, Origin: server },
        '"the-body"',
      );
      await send("POST", "/clients/the-client/close", bearer("the-wrong-admin-token"));
      await send("GET", "/streams", { Authorization: `Bearer ${ADMIN}x` });
      await send("GET", "/%00the-path", { Cookie: `foreverframe_token=${token}` });
    }
    const said = () => process.stdout + process.stderr;
    await eventually(5_000, () => /FF_AUTH_UNAVAILABLE/.test(said()), "a refusal in the log");
    expect(said()).to.match(/authorizeUrl/);
    for (const secret of [
      ...token.split("."),
      ...["the-session-cookie", "the-key", "the-body", "the-subject", "the-channel", "the-client"],
      ...["the-stream-id", "the-wrong", "the-path", ticket?.json.ticket, file.secret.toString()],
      ADMIN,
    ])
      expect(said(), String(secret)).to.not.contain(secret);
  });

  it("holds no secret of an address that keys are read from", async () => {
    const silent = createServer((socket) => socket.destroy()).unref();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const { process } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--issuer", "i", "--audience", "a"],
      ...["--jwks", `http://127.0.0.1:${port}/keys?key=the-key`],
    ]);
    silent.close();
    const said = () => process.stdout + process.stderr;
    await eventually(5_000, () => /can't be read/.test(said()), "a line about the keys");
    expect(said()).to.not.contain("the-key");
  });
});
