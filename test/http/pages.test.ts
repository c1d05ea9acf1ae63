import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { ask } from "../support/request.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const VISIT = {
  "Sec-Fetch-Site": "cross-site",
  "Sec-Fetch-Mode": "navigate",
  "Sec-Fetch-Dest": "document",
};

describe("pages of --pages", () => {
  let url: string;

  beforeEach(async () => {
    const pages = createTemporaryDirectory();
    mkdirSync(join(pages, "panel"));
    writeFileSync(join(pages, "panel/index.html"), '<script src="panel.js"></script>');
    writeFileSync(join(pages, "panel/panel.js"), "1");
    for (const name of ["doors.plan.html", "Türen.html", "plan a.html", "old.htm", "seiten"])
      writeFileSync(join(pages, name), "<p>");
    writeFileSync(
      join(pages, "latin.html"),
      Buffer.from("<meta charset=latin1><p>\xfcber", "latin1"),
    );
    writeFileSync(join(pages, "utf8.html"), "<p>über");
    ({ url } = await startTestServer({ pages }));
  });

  afterEach(async () => {
    await stopServers();
    removeTemporaryDirectories();
  });

  it("are shown to who follows a link from another site, whatever they are called", async () => {
    for (const path of [
      "/doors.plan.html",
      "/T%C3%BCren.html",
      "/plan%20a.html",
      "/old.htm",
      "/seiten",
      "/panel/",
    ]) {
      expect((await ask(url, "GET", path, { headers: VISIT })).status, path).to.equal(200);
    }
    for (const path of ["/stream?channels=a", "/channels/a/messages", "/streams", "/control"]) {
      expect((await ask(url, "GET", path, { headers: VISIT })).status, path).to.equal(403);
    }
  });

  it("redirect a folder that is asked for without its slash, with the query, and relative for a proxy's prefix", async () => {
    const answer = await ask(url, "GET", "/panel?a=1");
    expect(answer.status).to.equal(302);
    expect(answer.headers["location"]).to.equal("./panel/?a=1");
    expect((await ask(url, "GET", "/panel/")).text).to.include("panel.js");
    expect((await ask(url, "GET", "/..%2f..%2fetc")).status).to.equal(404);
  });

  it("say their charset themselves where they are not UTF-8", async () => {
    const latin = await ask(url, "GET", "/latin.html");
    expect(latin.headers["content-type"]).to.equal("text/html");
    const utf8 = await ask(url, "GET", "/utf8.html");
    expect(utf8.headers["content-type"]).to.equal("text/html; charset=utf-8");
  });

  it("may have scripts of their own, which the built-in ones may not", async () => {
    const own = await ask(url, "GET", "/utf8.html");
    expect(own.headers["content-security-policy"]).to.not.include("script-src");
    const builtIn = await ask(url, "GET", "/doors.html");
    expect(builtIn.headers["content-security-policy"]).to.include("default-src 'self'");
  });
});
