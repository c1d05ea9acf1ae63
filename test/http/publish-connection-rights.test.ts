import { expect } from "chai";
import type { Config } from "../../src/settings/settings.ts";
import { type Application, startApplication, stopApplications } from "../support/application.ts";
import {
  closeLineSockets,
  codesOf,
  LineClient,
  LineSocket,
  line,
} from "../support/publish-client.ts";
import { closeConnections } from "../support/raw-http.ts";
import { ask, expectProblem } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";

const ADMIN = "a-token-for-tests-of-admins";

describe("what a publish connection may do", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    closeLineSockets();
    await stopServers();
    await stopApplications();
    removeTemporaryDirectories();
  });

  describe("by a token", () => {
    let file: SecretFile;
    beforeEach(() => {
      file = createSecretFile();
    });

    const start = () => startTestServer({ secretFile: file.path, adminToken: ADMIN });
    const tokenFor = (claims: object = {}) =>
      signToken({ sub: "alice", foreverframe: { publish: ["doors.**"] }, ...claims }, file.secret);
    const connect = async (url: string, claims: object = {}) =>
      new LineClient(url, bearer(await tokenFor(claims)));

    it("is held to its channels, line by line", async () => {
      const { url } = await start();
      const client = await connect(url);
      client.write(line("doors.a", 1) + line("lifts.a", 2) + line("doors.b", 3));
      const answers = await client.untilAnswers(3);
      expect(codesOf(answers)).to.deep.equal(["id", "FF_FORBIDDEN", "id"]);
      expect(answers[1]?.error?.status).to.equal(403);
    });

    it("ends behind the answer to its first line where there is no token, or a wrong one", async () => {
      const { url } = await start();
      const none = new LineClient(url);
      none.write(line("doors.a", 1) + line("doors.a", 2));
      expect(codesOf(await none.untilComplete())).to.deep.equal(["FF_TOKEN_MISSING"]);
      const wrong = new LineClient(url, bearer("wrong"));
      wrong.write(line("doors.a", 1));
      expect(codesOf(await wrong.untilComplete())).to.deep.equal(["FF_TOKEN_INVALID"]);
    });

    it("ends with the token, also when nothing is sent", async () => {
      const { url } = await start();
      const exp = Math.floor(Date.now() / 1_000) + 2;
      const clients = [await connect(url, { exp }), await connect(url, { exp })];
      for (const client of clients) {
        client.write(line("doors.a", 1));
        await client.untilAnswers(1);
      }
      const sending = setInterval(() => {
        if (!clients[0]?.connection.ended) clients[0]?.write(line("doors.a", 2));
      }, 5);
      try {
        for (const client of clients) await client.untilComplete();
      } finally {
        clearInterval(sending);
      }
      expect(Date.now() / 1_000).to.be.within(exp - 1, exp + 2);
      expect(clients[1]?.answers).to.have.lengthOf(1);
    });

    it("ends when the token is revoked, and takes nothing after that", async () => {
      const { url } = await start();
      const client = await connect(url);
      client.write(line("doors.a", 1));
      await client.untilAnswers(1);
      const revoked = await ask(url, "POST", "/revocations", {
        headers: { "Content-Type": "application/json", ...bearer(ADMIN) },
        body: JSON.stringify({ sub: "alice" }),
      });
      expect(revoked.status, revoked.text).to.equal(201);
      client.write(line("doors.a", 2));
      const answers = await client.untilComplete();
      expect(codesOf(answers).slice(1)).to.not.include("id");
    });

    it("keeps the keys of one subject apart from another's", async () => {
      const { url } = await start();
      const [alice, bob] = [await connect(url), await connect(url, { sub: "bob" })];
      alice.write(line("doors.a", 1, "k"));
      bob.write(line("doors.a", 2, "k"));
      expect(codesOf(await alice.untilAnswers(1))).to.deep.equal(["id"]);
      expect(codesOf(await bob.untilAnswers(1))).to.deep.equal(["id"]);
    });

    it("counts the lines of a subject, wherever they come from", async () => {
      const { url } = await startTestServer({ secretFile: file.path, publishesPerSecond: 4 });
      const client = await connect(url);
      client.write(Array.from({ length: 5 }, (_, n) => line("doors.a", n)).join(""));
      expect(codesOf(await client.untilAnswers(5)).at(-1)).to.equal("FF_PUBLISH_RATE");
    });

    it("is the same over a WebSocket, which ends with 1008", async () => {
      const { url } = await start();
      const client = new LineSocket(url, bearer(await tokenFor()));
      await client.untilOpen();
      client.socket.send(line("doors.a", 1));
      client.socket.send(line("lifts.a", 1));
      expect(codesOf(await client.untilAnswers(2))).to.deep.equal(["id", "FF_FORBIDDEN"]);
      const none = new LineSocket(url);
      await none.untilOpen();
      none.socket.send(line("doors.a", 1));
      expect(codesOf(await none.untilAnswers(1))).to.deep.equal(["FF_TOKEN_MISSING"]);
      expect(await none.untilClosed()).to.equal(1_008);
    });
  });

  describe("by the application", () => {
    let application: Application;
    const start = async (respond: Application["respond"], settings: Partial<Config> = {}) => {
      application = await startApplication(respond);
      return startTestServer({ authorizeUrl: application.url, ...settings });
    };

    it("is asked once for each channel, and again when its answer has ended", async () => {
      const { url } = await start(({ channels }) => ({
        allow: channels[0] !== "lifts",
        expiresInMs: channels[0] === "short" ? 300 : 60_000,
      }));
      const client = new LineClient(url);
      for (let n = 0; n < 50; n++)
        client.write(line("doors", n) + line("short", n) + line("lifts", n));
      const codes = codesOf(await client.untilAnswers(150));
      expect(codes.slice(0, 3)).to.deep.equal(["id", "id", "FF_FORBIDDEN"]);
      expect(application.asked).to.have.lengthOf(3);
      expect(application.asked[0]).to.include({ action: "publish", address: "127.0.0.1" });
      await new Promise((resolve) => setTimeout(resolve, 400));
      client.write(line("short", 1) + line("doors", 1));
      await client.untilAnswers(152);
      expect(application.asked.map(({ channels }) => channels[0]).sort()).to.deep.equal([
        "doors",
        "lifts",
        "short",
        "short",
      ]);
    });

    it("keeps the order of lines whose channels are asked about", async () => {
      let late = 0;
      const { url } = await start(async () => {
        await new Promise((resolve) => setTimeout(resolve, (++late * 7) % 20));
        return { allow: true };
      });
      const client = new LineClient(url);
      client.write(Array.from({ length: 100 }, (_, n) => line(`c${n % 30}`, n)).join(""));
      const ids = (await client.untilAnswers(100)).map(({ id }) => String(id));
      expect(ids).to.deep.equal([...ids].sort());
    });

    it("answers FF_AUTH_UNAVAILABLE to a line while the application does not answer, and goes on", async () => {
      const { url } = await start((_question, response) => {
        response.writeHead(500).end();
        return undefined;
      });
      const client = new LineClient(url);
      client.write(line("doors", 1));
      const [first] = await client.untilAnswers(1);
      expect(first?.error).to.include({ code: "FF_AUTH_UNAVAILABLE", status: 503, retryAfter: 5 });
      application.respond = () => ({ allow: true });
      await eventually(
        8_000,
        async () => {
          const { length } = client.answers;
          client.write(line("doors", 2));
          return codesOf(await client.untilAnswers(length + 1)).at(-1) === "id";
        },
        "a line that is taken",
      );
    });
  });

  it("is refused to pages of other sites", async () => {
    const { url } = await startTestServer();
    const Origin = "http://elsewhere.example";
    expectProblem(
      await ask(url, "POST", "/publish", { headers: { Origin }, body: line("doors", 1) }),
      403,
      "FF_ORIGIN_REFUSED",
    );
    const socket = new LineSocket(url, { Origin });
    expect(await socket.untilClosed()).to.equal(1_006);
  });
});
