import { expect } from "chai";
import type { RunningServer } from "../../../src/server.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import type { Engine } from "./engine.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Doors that open while the page is shown, and while it is loaded again. */
const BEFORE = 10;
const MEANWHILE = 10;

/** A page that can keep nothing begins with so many of the last messages. */
const LAST = 20;

/** Whether the control frame of a page is that of its stream. */
const HAS_CONTROL = `document.getElementById("stream").value !== "" &&
  document.getElementById("control").getElementsByTagName("iframe")[0].contentWindow.location.href ===
  location.href.replace(/control.html.*/, "control?stream=" + document.getElementById("stream").value)`;

/** Doors that open one after the other, and the page that shows them. */
class Doors {
  readonly #engine: Engine;
  readonly #page: TrialPage;
  readonly server: RunningServer;
  count = 0;

  static async open(engine: Engine): Promise<Doors> {
    const server = await startTestServer({ pages: TEST_PAGES });
    const page = await TrialPage.open(engine, `${server.url}/doors.html`);
    await page.untilText("state", "open");
    return new Doors(engine, page, server);
  }

  private constructor(engine: Engine, page: TrialPage, server: RunningServer) {
    this.#engine = engine;
    this.#page = page;
    this.server = server;
  }

  async publish(count: number): Promise<void> {
    for (let n = 0; n < count; n++)
      await publishJson(this.server.url, "doors", { vid: this.count++, ynopen: "Y" });
  }

  /** Wait until the page shows the last one. */
  async untilShown(): Promise<void> {
    const last = this.count - 1;
    const newest = 'document.getElementById("events").rows[0].cells[0].textContent';
    await this.#engine.until(`${newest} === "${last}"`, `door ${last}`);
  }

  /** The numbers that the page shows, which says that none is missing. */
  async shown(): Promise<readonly number[]> {
    expect(await this.#page.text("note")).to.equal("");
    return (await this.#page.column("events", 0)).map(Number);
  }

  /** What it has to show. */
  get all(): readonly number[] {
    return Array.from({ length: this.count }, (_, n) => n);
  }
}

/**
 * A page that is loaded again goes on where it was, while messages are sent.
 *
 * @returns `yes`; or that it begins anew with the last messages, where it has no storage to keep
 *   its place in
 */
export const measureResume: Measure = async ({ engine, size }) => {
  const doors = await Doors.open(engine);
  for (let times = size === "whole" ? 3 : 1; times > 0; times--) {
    await doors.publish(BEFORE);
    await doors.untilShown();
    await Promise.all([engine.reload(), doors.publish(MEANWHILE)]);
    await doors.untilShown();
  }
  const shown = await doors.shown();
  if (await engine.evaluate("!!window.sessionStorage")) {
    expect(shown).to.deep.equal(doors.all);
    return "yes";
  }
  expect(shown).to.deep.equal(doors.all.slice(-shown.length));
  expect(shown.length).to.be.within(LAST, LAST + MEANWHILE);
  return `the last ${LAST}`;
};

/**
 * A page that was left for another goes on where it was after the way back, however it is kept; and
 * a control frame is that of the stream that the page then has.
 */
export const measureBack: Measure = async ({ engine }) => {
  const doors = await Doors.open(engine);
  await doors.publish(BEFORE);
  await doors.untilShown();
  await engine.open(`${doors.server.url}/counter.html`);
  await doors.publish(MEANWHILE);
  await engine.back();
  await doors.untilShown();
  await doors.publish(BEFORE);
  await doors.untilShown();
  expect(await doors.shown()).to.deep.equal(doors.all);
  await engine.open(`${doors.server.url}/control.html`);
  await engine.until(HAS_CONTROL, "a control frame");
  await engine.open(`${doors.server.url}/counter.html`);
  await engine.back();
  await engine.until(HAS_CONTROL, "the control frame of the stream after the way back");
  return "yes";
};
