import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeInBrowser, shoot, textOf, untilText } from "../browser/browsers.ts";
import { CodeBlocks } from "../support/code-blocks.ts";
import { startConfiguredNginx, stopNginx } from "../support/nginx.ts";
import { DOWNLOAD_MS, installPackages } from "../support/npm-project.ts";
import { killPrograms, Program } from "../support/program.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import {
  destroyClients,
  openTransport,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";
import { expectRings, GuideProject } from "./guide-project.ts";

const guide = new CodeBlocks("docs/library.md");
const INSTALL = guide.take("Install", "sh");
const SERVER = guide.take("The server", "js");
const PAGE = guide.take("The page", "html");
const [START, RING] = [guide.take("Run it", "sh"), guide.take("Run it", "sh")];
const WEB_SOCKETS = guide.take("WebSockets", "js");
const SESSIONS = guide.take("Who may do what", "js");
const PROXY = guide.take("Behind a reverse proxy", "nginx");
const PREFIX = guide.take("Behind a reverse proxy", "nginx");
const PARSERS = guide.take("Body parsers and compression", "js");
const READING = guide.take("Reading in your program", "js");
const ONLY_READING = guide.take("Reading in your program", "js");
const STOPPING = guide.take("Stopping", "js");
const OPTIONS = guide.take("Options", "js");
const ERRORS = guide.take("Errors", "js");
const SEVERAL = guide.take("Several instances", "js");

/** Beside those of "Install". What this project does not have itself is in one version only. */
const PACKAGES = [
  "koa@3",
  "koa-mount@4",
  "fastify@5",
  "express-session@1.19.0",
  "compression@1.8.2",
];

const IMPORTS =
  'import express from "express";\nimport { createForeverframe } from "foreverframe";\n';

const LISTEN =
  'const { PORT } = process.env; app.listen(PORT, () => console.log("Open http://localhost:" + PORT));';

const TLS = fileURLToPath(new URL("../support/tls/", import.meta.url));

/** What the guide's server is with WebSockets. */
const SERVER_WITH_WEB_SOCKETS = SERVER.replace(
  /^const server = .*?^}\);$/ms,
  `${WEB_SOCKETS}server.once("listening", () => console.log(\`Open http://localhost:\${port}\`));`,
);

describeInBrowser("docs/library.md", (suite) => {
  let project: GuideProject;
  before(async function () {
    this.timeout(DOWNLOAD_MS);
    project = await GuideProject.install(INSTALL);
    project.save("index.html", PAGE);
  });
  afterEach(async () => {
    destroyClients();
    await stopNginx();
    await killPrograms();
  });

  it("leads to a page that shows rings, comes back by itself, and closes its stream", async () => {
    project.save("server.mjs", SERVER);
    const first = await project.serve(SERVER);
    const start = () =>
      new Program("bash", ["-c", START], project.directory, { PORT: String(first.port) });
    expect(await first.program.stop("SIGINT")).to.equal("SIGINT");
    let server = start();
    await server.untilPrinted(/^Open/m);
    const ring = () => project.run(RING.replace("3000", String(first.port)));
    const page = await suite.newPage();
    const untilRings = (count: number) =>
      eventually(
        30_000,
        async () => (await textOf(page, "rings")).split("front door").length === count + 1,
        `${count} rings on the page`,
      );
    await page.goto(first.url);
    await untilText(page, "state", "open");
    await ring();
    await untilRings(1);
    await server.stop("SIGINT");
    server = start();
    await server.untilPrinted(/^Open/m);
    await ring();
    await untilRings(2);
    await untilText(page, "state", "open");
    await page.reload();
    await untilRings(2);
    await shoot(page, `${suite.kind.name}-library-docs`);
    await page.click("#close");
    await untilText(page, "state", "closed");
  });

  for (const [name, path, configure] of [
    ["behind nginx", "", (port: string) => PROXY.replace(":3000", port)],
    [
      "behind nginx under a prefix",
      "/panel",
      (port: string) => `server { listen 80; ${PREFIX.replace(":3000", port)} }`,
    ],
  ] as const) {
    it(`has a page that works ${name}`, async () => {
      const { url, port } = await project.serve(SERVER_WITH_WEB_SOCKETS);
      const nginx = await startConfiguredNginx((address) =>
        configure(`:${port}`).replace("listen 80", `listen ${address}`),
      );
      const page = await suite.newPage();
      await page.goto(`${nginx}${path}/`);
      await untilText(page, "state", "open");
      await fetch(`${url}/ring`, { method: "POST" });
      await untilText(page, "rings", "front door");
      await page.click("#close");
      await untilText(page, "state", "closed");
      if (path !== "") return;
      const client = await openTransport(WEBSOCKET, `${nginx}/push`, "channels=bell&last=1");
      await untilEvents(client, (events) => events.length === 3, "the ring by WebSocket");
    });
  }
});

describe("docs/library.md", function () {
  this.timeout(60_000);
  let project: GuideProject;
  before(async function () {
    this.timeout(DOWNLOAD_MS);
    project = await GuideProject.install(INSTALL);
    project.save("index.html", PAGE);
    await installPackages(project.directory, PACKAGES);
  });
  after(removeTemporaryDirectories);
  afterEach(async () => {
    closeConnections();
    destroyClients();
    await killPrograms();
  });

  for (const framework of ["Koa", "Fastify", "node:http"]) {
    const program = guide.take(framework, "js");
    it(`has a server in ${framework} that shows the page and rings`, async () => {
      const { url } = await project.serve(program);
      await expectRings(url);
    });
  }

  const secure = guide.take("HTTPS", "js");
  it("has a server in node:https", async () => {
    const distrust = trustTestCertificate();
    try {
      cpSync(TLS, project.directory, { recursive: true });
      mkdirSync(join(project.directory, "public"));
      cpSync(join(project.directory, "index.html"), join(project.directory, "public/index.html"));
      const { url } = await project.serve(secure);
      expect(await (await fetch(url)).text()).to.equal(PAGE);
      const { connection } = await openFrame(`${url}/push`, "channels=bell");
      await publishJson(`${url}/push`, "bell", 1);
      await connection.untilEvents((events) => events.length === 2, "the message");
    } finally {
      distrust();
    }
  });

  it("adds WebSockets to Express", async () => {
    const { url } = await project.serve(SERVER_WITH_WEB_SOCKETS);
    const client = await openTransport(WEBSOCKET, `${url}/push`, "channels=bell");
    await expectRings(url);
    await untilEvents(client, (events) => events.length === 2, "the ring by WebSocket");
  });

  it("lets a session read its own channels, until it signs out", async () => {
    const { url } = await project.serve(SESSIONS);
    const post = (path: string, cookie: string, body = "{}") => {
      const headers = { Cookie: cookie, "Content-Type": "application/json" };
      return fetch(url + path, { method: "POST", headers, body });
    };
    const statusOf = async (channels: string, cookie: string) =>
      (
        await fetch(`${url}/push/stream?transport=poll&wait=0&channels=${channels}`, {
          headers: { Cookie: cookie },
        })
      ).status;
    const signedIn = await post("/sign-in", "", '{"user":"ann"}');
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    expect(await statusOf("news", "")).to.equal(403);
    expect(await statusOf("news,users.ann", cookie)).to.equal(200);
    for (const channels of ["users.bob", "users.*", "**"])
      expect(await statusOf(channels, cookie), channels).to.equal(403);
    expect((await post("/push/channels/news/messages", cookie)).status).to.equal(403);
    const { connection } = await openFrame(`${url}/push`, "channels=users.ann", [
      `Cookie: ${cookie}`,
    ]);
    expect((await post("/sign-out", cookie)).status).to.equal(204);
    const [, end] = await connection.untilEvents((events) => events.length === 2, "its end");
    expect(end).to.include({ type: "close", reason: "admin" });
    expect(await statusOf("news", cookie)).to.equal(403);
  });

  it("compresses scripts and no streams, and leaves bodies to both", async () => {
    const { url } = await project.serve(
      `import compression from "compression";\n${IMPORTS}
       const app = express(); const ff = await createForeverframe({ memory: true });
       ${PARSERS} app.post("/echo", (request, response) => response.json(request.body)); ${LISTEN}`,
    );
    const encodingOf = async (path: string) => {
      const response = await fetch(url + path, { headers: { "Accept-Encoding": "gzip" } });
      await response.body?.cancel();
      return response.headers.get("content-encoding");
    };
    expect(await encodingOf("/push/foreverframe.js")).to.equal("gzip");
    expect(await encodingOf("/push/stream?channels=a&last=1")).to.equal("identity");
    const { connection } = await openFrame(`${url}/push`, "channels=a", ["Accept-Encoding: gzip"]);
    await publishJson(`${url}/push`, "a", { n: 1 });
    await connection.untilEvents((events) => events.length === 2, "the message");
    const echo = await fetch(`${url}/echo`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"n":1}',
    });
    expect(await echo.text()).to.equal('{"n":1}');
  });

  it("reads in a program from where it was, and hears of gaps", async () => {
    const program = project.start(
      `${IMPORTS} const ff = await createForeverframe({ memory: true });
       const save = async (...all) => console.log(JSON.stringify(all));
       const lastId = process.env.LAST_ID;
       await ff.publish("doors.north", { vid: 7 });
       ${READING}`,
      { LAST_ID: "elsewhere.0000000000000" },
    );
    await program.untilPrinted(/^messages of doors\.\*\* may be lost: epoch$/m);
    await program.untilPrinted(/^\["doors\.north",\{"vid":7\},"\w+\.\w+"\]$/m);
  });

  it("reads in a program that does nothing else, until a signal ends it", async () => {
    const program = project.start(
      `${IMPORTS} const ff = await createForeverframe({ memory: true });
       setTimeout(() => ff.publish("doors.north", { vid: 7 }), 200).unref();
       ${ONLY_READING} console.log("the end");`,
    );
    await program.untilPrinted(/vid: 7/);
    expect(await program.stop("SIGINT")).to.equal(0);
    await program.untilPrinted(/^the end$/m);
  });

  it("stops well when it is told to", async () => {
    const { program, url } = await project.serve(SERVER + STOPPING);
    const connection = await expectRings(url);
    expect(await program.stop()).to.equal(0);
    expect(connection.frameEvents().at(-1)).to.include({ type: "close", reason: "shutdown" });
  });

  it("has options that are taken", async () => {
    project.save("options.mjs", `${IMPORTS} ${OPTIONS} await ff.drain();`);
    expect(await project.run("node options.mjs")).to.deep.equal({ stdout: "", stderr: "" });
    expect(existsSync(join(project.directory, "data/doors"))).to.equal(true);
  });

  it("shows errors, and tries again what may work later", async () => {
    project.save(
      "errors.mjs",
      `import { createForeverframe, ForeverframeError } from "foreverframe";
       const ff = await createForeverframe({ memory: true });
       const data = 1; const order = "4711"; const retryLater = () => console.log("later");
       async function attempt(channel) { ${ERRORS} }
       await attempt("a,b"); await ff.drain(); await attempt("a");`,
    );
    const { stdout, stderr } = await project.run("node errors.mjs");
    expect(stderr).to.match(/^FF_CHANNEL_INVALID .+\nFF_LOG_UNAVAILABLE .+\n$/);
    expect(stdout).to.equal("later\n");
  });

  it("keeps several instances apart", async () => {
    const { url } = await project.serve(
      `${IMPORTS} const app = express(); const isStaff = () => true; const isGuest = () => true;
       ${SEVERAL} ${LISTEN}`,
    );
    await publishJson(`${url}/staff/push`, "a", "for the staff");
    await publishJson(`${url}/guests/push`, "a", "for guests");
    const read = async (path: string) => (await fetch(`${url}${path}/channels/a/messages`)).text();
    expect(await read("/staff/push"))
      .to.contain("for the staff")
      .and.not.contain("guests");
    expect(await read("/guests/push"))
      .to.contain("for guests")
      .and.not.contain("staff");
  });

  it("has a test for each of its blocks of code", () => {
    expect(guide.left).to.deep.equal([]);
  });
});
