import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { describeInBrowser, shoot, untilText } from "../browser/browsers.ts";
import { freePort } from "../support/free-port.ts";
import { killPrograms, Program } from "../support/program.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

describeInBrowser("an example", (suite) => {
  let program: Program;
  let url: string;

  /** Start one as its README says, but on a free port and with its log elsewhere. */
  const start = async (name: string, environment: Readonly<Record<string, string>> = {}) => {
    const PORT = String(await freePort());
    const directory = createTemporaryDirectory();
    const args = [`${EXAMPLES}${name}/server.mjs`];
    program = new Program(process.execPath, args, directory, { ...environment, PORT });
    [, url = ""] = await program.untilPrinted(/^Open (\S+)$/m);
  };
  const open = async (): Promise<Page> => {
    const page = await suite.newPage();
    await page.goto(url);
    return page;
  };
  const submit = async (page: Page, button: string, fields: Readonly<Record<string, string>>) => {
    await page.bringToFront(); // Chromium does not lay out a page that nobody sees
    for (const [name, value] of Object.entries(fields))
      await page.type(`input[name="${name}"]`, value);
    await page.click(button);
  };
  const post = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: '{"load":0.25}',
    });
  /** Close the stream, open it again by a reload, and end the program under it. */
  const closeAndStop = async (page: Page, name: string) => {
    await page.bringToFront();
    await shoot(page, `${suite.kind.name}-example-${name}`);
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
    await page.reload();
    await untilText(page, "state", "open");
    expect(await program.stop()).to.equal(0);
    await untilText(page, "state", "lost");
  };
  afterEach(killPrograms);

  it("in Express shows a note in every window, as text", async () => {
    await start("express");
    expect((await fetch(`${url}/push/stream?channels=notes`)).status).to.equal(403);
    const [first, second] = [await open(), await open()];
    await submit(first, "button", { user: "ann" });
    await first.waitForSelector("#send");
    await second.reload();
    for (const page of [first, second]) await untilText(page, "state", "open");
    await submit(first, "#send", { text: "<b>tea</b> is ready" });
    for (const page of [first, second]) await untilText(page, "notes", "ann: <b>tea</b> is ready");
    expect((await post("/push/channels/notes/messages")).status).to.equal(403);
    await closeAndStop(second, "express");
  });

  it("in Express ends the streams of all windows of who signs out", async () => {
    await start("express");
    const [first, second] = [await open(), await open()];
    await submit(first, "button", { user: "ann" });
    await first.waitForSelector("#send");
    await second.reload();
    await untilText(second, "state", "open");
    await submit(first, "#sign-out", {});
    await untilText(second, "state", "closed (admin)");
  });

  it("in Fastify shows the load of this machine, and of one that has the key", async () => {
    await start("fastify", { MACHINE_KEY: "the-key" });
    const page = await open();
    await untilText(page, "state", "open");
    await page.click("#report");
    await untilText(page, "machines", "machines.");
    const path = "/push/channels/machines.other/messages";
    expect((await post(path, { Authorization: "Bearer another" })).status).to.equal(403);
    expect((await post(path, { Authorization: "Bearer the-key" })).status).to.equal(201);
    await page.waitForFunction(
      "document.querySelector('#machines').textContent.includes('machines.other0.25')",
    );
    await closeAndStop(page, "fastify");
  });

  it("in Koa brings a message to the one it is for, who alone may read it", async () => {
    await start("koa");
    const page = await open();
    await submit(page, "#sign-in button", { user: "ann" });
    await untilText(page, "state", "open");
    await submit(page, "#write button", { to: "bob", text: "not for ann" });
    await submit(page, "#write button", { to: "ann", text: "<i>note</i> to myself" });
    await untilText(page, "messages", "ann: <i>note</i> to myself");
    for (const channel of ["users.bob", "users.*", "users.undefined"]) {
      const path = `push/stream?transport=poll&wait=0&channels=${channel}`;
      expect(await page.evaluate(`fetch("${path}").then(({ status }) => status)`)).to.equal(403);
    }
    expect((await fetch(`${url}/push/stream?channels=users.undefined`)).status).to.equal(403);
    await shoot(page, `${suite.kind.name}-example-koa`);
    await page.click("#close");
    await untilText(page, "state", "closed (client)");
    expect(await program.stop()).to.equal(0);
  });

  it("on node:http rings for who has the password", async () => {
    await start("node-http", { PASSWORD: "sesame" });
    expect((await fetch(url)).status).to.equal(401);
    expect((await fetch(`${url}/push/stream?channels=bell`)).status).to.equal(403);
    const page = await suite.newPage();
    await page.authenticate({ username: "porter", password: "sesame" });
    await page.goto(url);
    await untilText(page, "state", "open");
    expect((await post("/ring")).status).to.equal(204);
    await untilText(page, "rings", "front door");
    await closeAndStop(page, "node-http");
  });
});
