import { expect } from "chai";
import { openAndClose } from "../support/limits/cycles.ts";
import { spendHours } from "../support/limits/hours.ts";
import { measuredPage } from "../support/limits/measured-page.ts";
import { closeTcpProxies } from "../support/tcp-proxy.ts";
import { describeInChromium } from "./browsers.ts";
import { TRANSPORTS } from "./client-page.ts";

/** Longest for 100 streams and for eight hours, in ms. */
const STREAMS_MS = 120_000;
const HOURS_MS = 600_000;

/** Nodes that may be there now and not before: those of a frame that is just being replaced. */
const MAX_MORE_NODES = 20;

/**
 * What the engine may learn meanwhile, in bytes: 2 KiB for each stream, which would take more if it
 * stayed, and 14 bytes for each message.
 */
const MAX_MORE_BYTES = { streams: 200_000, hours: 400_000 };

describeInChromium("a page at its limits", (suite) => {
  afterEach(closeTcpProxies);

  for (const transport of TRANSPORTS) {
    it(`keeps nothing of 100 streams by ${transport}`, async () => {
      const page = await measuredPage(await suite.freshPage());
      const [warm, last] = await openAndClose(page, transport, 100);
      expect(last.nodes - warm.nodes, "more nodes").to.be.at.most(MAX_MORE_NODES);
      expect(last.bytes - warm.bytes, "more bytes").to.be.at.most(MAX_MORE_BYTES.streams);
    }).timeout(STREAMS_MS);

    it(`is as large after eight hours by ${transport} as after the first`, async () => {
      const page = await measuredPage(await suite.freshPage());
      const [first, last] = await spendHours(page, transport);
      expect(last.nodes - first.nodes, "more nodes").to.be.at.most(MAX_MORE_NODES);
      expect(last.bytes - first.bytes, "more bytes").to.be.at.most(MAX_MORE_BYTES.hours);
    }).timeout(HOURS_MS);
  }
});
