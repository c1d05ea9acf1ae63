import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { Gearmand, killGearmands } from "../support/gearmand.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser, shoot, untilText } from "./browsers.ts";

describeInBrowser("the page of the doors, whose events are Gearman jobs,", (suite) => {
  let page: Page;
  let gearmand: Gearmand;

  beforeEach(async () => {
    page = await suite.newPage();
    gearmand = await Gearmand.start();
  });
  afterEach(async () => {
    killProcesses();
    await killGearmands();
  });

  const start = (...args: string[]) =>
    startServeProcess([
      ...["--gearman", gearmand.address, "--gearman-function", "getmsg=doors"],
      ...["--retry-ms", "300", ...args],
    ]);
  let vid = 0;
  /** As a backend does it, in the background, one after the other. */
  const submit = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const event = { vid: ++vid, doorno: "N-1", optime: "2026-11-22 10:11:12", ynopen: "Y" };
      await gearmand.submit("getmsg", JSON.stringify(event), "-b");
    }
  };
  const untilAnswered = () =>
    eventually(10_000, async () => (await gearmand.status("getmsg")).jobs === 0, "no job left");
  const shown = () =>
    page.$$eval("#events tr td:first-child", (cells) =>
      cells.map((cell) => Number(cell.textContent)).reverse(),
    );
  const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1);
  const untilShown = (count: number) =>
    eventually(20_000, async () => (await shown()).length >= count, `${count} events on the page`);

  it("shows each job, and those that were worked while no browser was there", async () => {
    vid = 0;
    const { url } = await start("--memory");
    await page.goto(`${url}/doors.html`);
    await untilText(page, "state", "open");
    await submit(5);
    await untilShown(5);
    await shoot(page, `${suite.kind.name}-doors-gearman`);

    await page.goto("about:blank");
    await submit(5);
    await untilAnswered();
    await page.goto(`${url}/doors.html`);
    await untilShown(10);
    expect(await shown()).to.deep.equal(upTo(10));
  });

  it("shows the whole of a job that is no door event", async () => {
    const { url } = await start("--memory");
    await page.goto(`${url}/doors.html`);
    await untilText(page, "state", "open");
    for (const workload of ["door 8 <b>opens</b>", '{"lift":"up"}', Buffer.of(0xff, 0xfe)])
      await gearmand.submit("getmsg", workload, "-b");
    await untilText(page, "events", '{"base64":"//4="}{"lift":"up"}door 8 <b>opens</b>');
    await shoot(page, `${suite.kind.name}-doors-other-jobs`);
  });

  it("loses and doubles none when it is closed, and the server killed, while jobs come", async () => {
    vid = 0;
    const data = createTemporaryDirectory();
    let server = await start("--data", data);
    const { url } = server;
    await page.goto(`${url}/doors.html`);
    await untilText(page, "state", "open");
    const submitting = submit(20);
    for (let kill = 0; kill < 2; kill++) {
      await eventually(10_000, () => vid >= 6 * (kill + 1), "some jobs");
      server.process.kill("SIGKILL");
      await server.process.outcome;
      if (kill === 0) await page.goto("about:blank");
      server = await start("--data", data, "--port", new URL(url).port);
      if (kill === 0) await page.goto(`${url}/doors.html`);
    }
    await submitting;
    await untilAnswered();
    await untilShown(20);
    // A job that was under way at a kill comes again behind the others.
    expect((await shown()).sort((a, b) => a - b)).to.deep.equal(upTo(20));
    expect((await gearmand.status("getmsg")).workers).to.equal(1);
  });
});
