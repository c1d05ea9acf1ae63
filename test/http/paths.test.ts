import { expect } from "chai";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

describe("a path", () => {
  afterEach(stopServers);

  for (const path of [
    "/stream/?channels=a",
    "/STREAM?channels=a",
    "/control/",
    "/Healthz",
    "/messages/",
    "//stream?channels=a",
  ]) {
    it(`is taken to the letter, so ${path} is nowhere`, async () => {
      const { url, hub } = await startTestServer();
      const answer = await ask(url, "GET", path);
      expect(answer.status, answer.text).to.equal(404);
      expect(answer.json).to.have.property("code", "FF_ROUTE_UNKNOWN");
      expect(hub.openStreams).to.equal(0);
    });
  }

  for (const path of [
    "/../package.json",
    "/%2e%2e/package.json",
    "/..%2fpackage.json",
    "/.git/config",
  ]) {
    it(`can't lead out of the pages' folder: ${path}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", path);
      expect(answer.status, answer.text).to.equal(404);
    });
  }

  it("of the control page with a stream that is not known says so on a page, to a browser", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/control?stream=", { headers: { Accept: "text/html" } });
    expect(answer.status).to.equal(404);
    expect(answer.text).to.contain("No stream with this id is open");
  });
});
