import { expect } from "chai";
import { openAndClose } from "../support/limits/cycles.ts";
import { measuredPage } from "../support/limits/measured-page.ts";
import { closeTcpProxies } from "../support/tcp-proxy.ts";
import { describeInChromium } from "./browsers.ts";

describeInChromium("streams that come and go", (suite) => {
  afterEach(closeTcpProxies);

  it("leave no frame, timer, node or connection behind", async () => {
    const page = await measuredPage(await suite.freshPage());
    const [warm, last] = await openAndClose(page, "frame", 20);
    expect(last.nodes - warm.nodes, "more nodes").to.be.at.most(10);
  });
});
