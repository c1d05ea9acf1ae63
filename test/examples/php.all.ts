import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeInBrowser, shoot, textOf, untilText } from "../browser/browsers.ts";
import { CodeBlocks } from "../support/code-blocks.ts";
import { freePort } from "../support/free-port.ts";
import { startConfiguredNginx, stopNginx } from "../support/nginx.ts";
import { killPrograms, Program } from "../support/program.ts";
import { runCommand } from "../support/run-command.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

const IN_PRODUCTION = new CodeBlocks("examples/php/README.md").take("In production", "nginx");

const PHP = fileURLToPath(new URL("../../examples/php/", import.meta.url));

describeInBrowser("the example in PHP", (suite) => {
  /** Of PHP's own server. */
  let url: string;
  /** Of Foreverframe. */
  let push: string;

  /** @param ofPages where pages find Foreverframe, if not at its own address */
  const start = async (ofPages = "") => {
    const directory = createTemporaryDirectory();
    const address = `127.0.0.1:${await freePort()}`;
    url = `http://${address}`;
    const server = await startServeProcess(["--data", directory, "--allowed-origins", url]);
    push = server.url;
    const environment = { FOREVERFRAME: push, FOREVERFRAME_OF_PAGES: ofPages };
    const php = new Program("php", ["-S", address, "-t", PHP], directory, environment);
    await php.untilPrinted(/started/);
  };
  afterEach(async () => {
    await stopNginx();
    await killPrograms();
    killProcesses();
  });

  const publish = (text: string, address = push) =>
    runCommand("php", ["publish.php", text], PHP, { FOREVERFRAME: address });

  it("shows what its form and its script publish, as text, until it is closed", async () => {
    await start();
    const page = await suite.newPage();
    await page.goto(url);
    await untilText(page, "state", "open");
    await page.type("input", "<b>nice</b> & warm");
    await page.click("#send");
    await untilText(page, "entries", "127.0.0.1: <b>nice</b> & warm");
    expect((await publish("The museum closes")).stdout).to.match(/^[\w.]+\n$/);
    await untilText(page, "entries", "the house: The museum closes");
    await shoot(page, `${suite.kind.name}-example-php`);
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
    await publish("Nobody hears this");
    expect(await textOf(page, "entries")).to.not.contain("Nobody");
  });

  it("works behind a web server that lets pages read and not publish", async () => {
    await start("/push");
    const nginx = await startConfiguredNginx(
      (address) =>
        `server { listen ${address}; location / { proxy_pass ${url}; }
         ${IN_PRODUCTION.replace("http://127.0.0.1:8080", push)} }`,
    );
    const page = await suite.newPage();
    await page.goto(nginx);
    await untilText(page, "state", "open");
    await publish("hello");
    await untilText(page, "entries", "the house: hello");
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
    const headers = { "Content-Type": "application/json" };
    const post = (path: string, body: string) =>
      fetch(`${nginx}/push/${path}`, { method: "POST", headers, body });
    await post("channels/secret/messages", "1");
    await post("messages", '{"channels":["secret"],"data":1}');
    const answer = await fetch(`${push}/channels/secret/messages`);
    expect(await answer.text()).to.contain('"messages":[]');
  });

  it("says in one sentence why it can't publish", async () => {
    await start();
    const nobody = `http://127.0.0.1:${await freePort()}`;
    for (const [text, address, sentence] of [
      ["x".repeat(70_000), push, /larger than 65536 bytes/],
      ["hello", nobody, /No answer from .*: start "foreverframe serve"/],
    ] as const) {
      const fault = await publish(text, address).catch(String);
      expect(fault)
        .to.match(sentence)
        .and.not.match(/Warning|Fatal|Stack trace/);
    }
  });
});
