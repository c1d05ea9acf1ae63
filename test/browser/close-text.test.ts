import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";

const TEXT = "</script><b>until 6</b>";

describeInBrowser("what an admin says with a close", ({ newPage }) => {
  afterEach(stopServers);

  for (const path of ["/", "/doors.html", "/control.html"]) {
    it(`stands as text in the built-in page ${path}`, async () => {
      const { url, adminToken, hub } = await startTestServer();
      const page = await newPage();
      await page.goto(`${url}${path}`);
      const state = () => page.$eval("#state", (element) => element.textContent ?? "");
      await eventually(
        10_000,
        async () => (await state()) === "open" && hub.openStreams === 1,
        "open",
      );
      await fetch(`${url}/channels/${path === "/doors.html" ? "doors" : "news"}/close`, {
        method: "POST",
        headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
        body: JSON.stringify({ text: TEXT }),
      });
      const wanted = `closed (admin: ${TEXT}): will not reconnect`;
      let seen = "";
      const isSaid = async () => {
        seen = await state();
        return seen === wanted;
      };
      await eventually(5_000, isSaid, () => `"${wanted}"; the page has "${seen}"`);
    });
  }
});
