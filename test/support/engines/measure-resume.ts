import { expect } from "chai";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Doors that open while the page is shown, and while it is loaded again. */
const BEFORE = 10;
const MEANWHILE = 10;

/** A page that can keep nothing begins with so many of the last messages. */
const LAST = 20;

/**
 * A page that is loaded again goes on where it was, while messages are sent.
 *
 * @returns `yes`; or that it begins anew with the last messages, where it has no storage to keep its
 *   place in
 */
export const measureResume: Measure = async ({ engine, size }) => {
  const server = await startTestServer();
  const page = await TrialPage.open(engine, `${server.url}/doors.html`);
  await page.untilText("state", "open");
  const ids: string[] = [];
  const openDoors = async (count: number) => {
    for (let n = 0; n < count; n++)
      ids.push(await publishJson(server.url, "doors", { vid: ids.length, ynopen: "Y" }));
  };
  const untilShown = () => {
    const newest = 'document.getElementById("events").rows[0].cells[0].textContent';
    return engine.until(`${newest} === "${ids.length - 1}"`, `event ${ids.length - 1}`);
  };
  const reloads = size === "whole" ? 3 : 1;
  for (let times = 0; times < reloads; times++) {
    await openDoors(BEFORE);
    await untilShown();
    await Promise.all([engine.reload(), openDoors(MEANWHILE)]);
    await untilShown();
  }
  const shown = (await page.column("events", 0)).map(Number);
  const all = [...ids.keys()];
  expect(await page.text("note")).to.equal("");
  if (await engine.evaluate("!!window.sessionStorage")) {
    expect(shown).to.deep.equal(all);
    return "yes";
  }
  expect(shown).to.deep.equal(all.slice(-shown.length));
  expect(shown.length).to.be.within(LAST, LAST + MEANWHILE);
  return `the last ${LAST}`;
};
