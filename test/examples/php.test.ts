import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeInBrowsers, shoot, textOf, untilText } from "../browser/browsers.ts";
import { freePort } from "../support/free-port.ts";
import { killPrograms, Program } from "../support/program.ts";
import { runCommand } from "../support/run-command.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

const PHP = fileURLToPath(new URL("../../examples/php/", import.meta.url));

describeInBrowsers("the example in PHP", (suite) => {
  /** Of PHP's own server. */
  let url: string;
  /** Of Foreverframe. */
  let push: string;

  beforeEach(async () => {
    const directory = createTemporaryDirectory();
    const address = `127.0.0.1:${await freePort()}`;
    url = `http://${address}`;
    const server = await startServeProcess(["--data", directory, "--allowed-origins", url]);
    push = server.url;
    const environment = { FOREVERFRAME: push };
    const php = new Program("php", ["-S", address, "-t", PHP], directory, environment);
    await php.untilPrinted(/started/);
  });
  afterEach(async () => {
    await killPrograms();
    killProcesses();
  });

  const publish = (text: string, address = push) =>
    runCommand("php", ["publish.php", text], PHP, { FOREVERFRAME: address });

  it("shows what its form and its script publish, as text, until it is closed", async () => {
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

  it("says in one sentence why it can't publish", async () => {
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
