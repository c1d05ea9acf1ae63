import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { describeInBrowsers, shoot, untilText } from "../browser/browsers.ts";
import { freePort } from "../support/free-port.ts";
import { startConfiguredNginx, stopNginx } from "../support/nginx.ts";
import { killPrograms, Program } from "../support/program.ts";
import { runCommand } from "../support/run-command.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { createSecretFile } from "../support/tokens.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

/** The `server` block of an example's nginx.conf, for addresses of this run. */
function serverBlock(example: string, replaced: Readonly<Record<string, string>>): string {
  const config = readFileSync(join(EXAMPLES, example, "nginx.conf"), "utf8");
  const block = /\n {2}server \{[\s\S]*?\n {2}\}\n/.exec(config)?.[0] ?? "";
  return Object.entries(replaced).reduce(
    (text, [from, to]) => text.replaceAll(from, () => to),
    block,
  );
}

/** Publish with a token for it, as the README does. */
async function publish(url: string, secretFile: string, channel: string, data: string) {
  const token = new CliProcess([
    ...["token", "--secret-file", secretFile, "--publish", channel, "--ttl", "1h"],
  ]);
  const path = join(createTemporaryDirectory(), "token");
  writeFileSync(path, (await token.outcome).stdout);
  const published = new CliProcess(["publish", "--url", url, "--token-file", path, channel, data]);
  expect((await published.outcome).code).to.equal(0);
}

describeInBrowsers("an application's session", (suite) => {
  afterEach(async () => {
    await stopNginx();
    await killPrograms();
    killProcesses();
    removeTemporaryDirectories();
  });

  it("of PHP decides who streams: cut after a sign-out, and back after a login", async function () {
    this.timeout(60_000);
    const address = `127.0.0.1:${await freePort()}`;
    const sessions = createTemporaryDirectory();
    const php = new Program(
      "php",
      ["-d", `session.save_path=${sessions}`, "-S", address, "-t", `${EXAMPLES}php-session`],
      sessions,
    );
    await php.untilPrinted(/started/);
    const secret = createSecretFile();
    const { url: push } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--secret-file", secret.path],
      ...["--authorize-url", `http://${address}/authorize.php`],
    ]);
    const url = await startConfiguredNginx((listen) =>
      serverBlock("php-session", {
        "127.0.0.1:8088": listen,
        "http://127.0.0.1:8000": `http://${address}`,
        "http://127.0.0.1:8080/": `${push}/`,
      }),
    );
    expect((await fetch(`${url}/authorize.php`)).status).to.equal(404);
    const stream = (channels: string) =>
      fetch(`${url}/push/stream?transport=poll&wait=0&channels=${channels}`);
    expect((await stream("wards.north")).status).to.equal(403);

    const page = await suite.newPage();
    const signIn = async (user: string) => {
      await page.goto(url);
      await page.type("input", user);
      await page.click("#sign-in");
      await untilText(page, "state", "open");
    };
    await signIn("ann");
    await publish(push, secret.path, "wards.north", '"Room 3 calls"');
    await untilText(page, "calls", "wards.north: Room 3 calls");
    const others = await page.evaluate(
      `fetch("push/stream?transport=poll&wait=0&channels=wards.south").then((a) => a.status)`,
    );
    expect(others).to.equal(403);
    await shoot(page, `${suite.kind.name}-example-php-session`);
    // It lasts for longer than one answer of authorize.php.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    await untilText(page, "state", "open");
    // Signed out elsewhere: a browser's own cookies, from outside of its page.
    const cookies = (await suite.browser.cookies()).map(({ name, value }) => `${name}=${value}`);
    const began = Date.now();
    const out = await fetch(`${url}/`, {
      method: "POST",
      headers: {
        Cookie: cookies.join("; "),
        "Content-Type": "application/x-www-form-urlencoded",
      },
      body: "",
      redirect: "manual",
    });
    expect(out.status).to.equal(303);
    await page.waitForSelector("#sign-in", { timeout: 15_000 });
    expect(Date.now() - began, "ms").to.be.below(12_500);
    expect((await stream("wards.north")).status).to.equal(403);

    await publish(push, secret.path, "wards.north", '"Room 4 calls"');
    await signIn("bob");
    await untilText(page, "calls", "wards.north: Room 4 calls");
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
    await suite.browser.deleteCookie(...(await suite.browser.cookies()));
  });

  it("of nginx, by name and password, lets those read who have signed in", async () => {
    const secret = createSecretFile();
    const { url: push } = await startServeProcess([
      ...["--data", createTemporaryDirectory(), "--secret-file", secret.path],
      ...["--pages", `${EXAMPLES}nginx-basic`, "--user-header", "X-Remote-User"],
      ...["--trusted-proxies", "127.0.0.1", "--allowed-hosts", "127.0.0.1"],
    ]);
    const directory = createTemporaryDirectory();
    const hash = await runCommand("openssl", ["passwd", "-apr1", "sesame"], directory);
    writeFileSync(join(directory, "users"), `porter:${hash.stdout}`);
    chmodSync(directory, 0o755); // nginx reads it as another user
    const url = await startConfiguredNginx((listen) =>
      serverBlock("nginx-basic", {
        "127.0.0.1:8088": listen,
        "http://127.0.0.1:8080/": `${push}/`,
        "user_file users": `user_file ${directory}/users`,
      }),
    );
    const path = "/stream?transport=poll&wait=0&channels=gate";
    expect((await fetch(url + path, { headers: { "X-Remote-User": "porter" } })).status).to.equal(
      401,
    );
    const page = await suite.newPage();
    await page.authenticate({ username: "porter", password: "sesame" });
    await page.goto(url);
    await untilText(page, "state", "open");
    await publish(push, secret.path, "gate", '"A blue van"');
    await untilText(page, "cars", "A blue van");
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
  });
});
