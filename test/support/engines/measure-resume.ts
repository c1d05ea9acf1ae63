import { expect } from "chai";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Doors that open while the page is shown, and while it is loaded again. */
const BEFORE = 10;
const MEANWHILE = 10;

/** A page that is loaded again goes on where it was, while messages are sent. */
export const measureResume: Measure = async ({ engine, size }) => {
  const server = await startTestServer();
  const page = await TrialPage.open(engine, `${server.url}/doors.html`);
  await page.untilText("state", "open");
  const ids: string[] = [];
  const openDoors = async (count: number) => {
    for (let n = 0; n < count; n++)
      ids.push(await publishJson(server.url, "doors", { vid: ids.length, ynopen: "Y" }));
  };
  const reloads = size === "whole" ? 3 : 1;
  for (let times = 0; times < reloads; times++) {
    await openDoors(BEFORE);
    await page.untilCount(ids.length);
    await Promise.all([engine.reload(), openDoors(MEANWHILE)]);
    await page.untilCount(ids.length);
  }
  const shown = (await page.column("events", 0)).map(Number);
  expect(shown).to.deep.equal([...ids.keys()]);
  expect(await page.text("note")).to.equal("");
  return "yes";
};
