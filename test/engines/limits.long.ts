import { expect } from "chai";
import { Engine } from "../support/engines/engine.ts";
import { ENGINES } from "../support/engines/engines.ts";
import { openAndClose } from "../support/limits/cycles.ts";
import { spendHours } from "../support/limits/hours.ts";
import { measuredEngine } from "../support/limits/measured-engine.ts";
import { killPrograms } from "../support/program.ts";
import { closeTcpProxies } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { stopServers } from "../support/test-server.ts";

/** Longest for 100 streams and for eight hours, in ms. */
const STREAMS_MS = 300_000;
const HOURS_MS = 900_000;

/** Nodes that may be there now and not before: those of a frame that is just being replaced. */
const MAX_MORE_NODES = 20;

/**
 * Of the whole process, which can't be told to collect. Measured: 5 MB more after 100 streams, and
 * no more after 500; half a MB after eight hours, whose messages have 7 MB.
 */
const MAX_MORE_BYTES = 10_000_000;

describe("a page at its limits in PhantomJS 1.9.8", () => {
  let engine: Engine;

  beforeEach(async () => {
    const kind = ENGINES.find(({ id }) => id === "phantomjs1");
    if (kind === undefined) throw new Error("the tests drive no PhantomJS 1.9.8");
    engine = new Engine(await kind.start());
  });
  afterEach(async () => {
    await killPrograms();
    await closeTcpProxies();
    await stopServers();
    removeTemporaryDirectories();
  });

  for (const transport of ["frame", "poll"] as const) {
    it(`keeps nothing of 100 streams by ${transport}`, async () => {
      const [warm, last] = await openAndClose(measuredEngine(engine), transport, 100);
      expect(last.nodes).to.equal(warm.nodes);
      expect(last.bytes - warm.bytes, "more bytes").to.be.at.most(MAX_MORE_BYTES);
    }).timeout(STREAMS_MS);

    it(`is as large after eight hours by ${transport} as after the first`, async () => {
      const [first, last] = await spendHours(measuredEngine(engine), transport);
      expect(last.nodes - first.nodes, "more nodes").to.be.at.most(MAX_MORE_NODES);
      expect(last.bytes - first.bytes, "more bytes").to.be.at.most(MAX_MORE_BYTES);
    }).timeout(HOURS_MS);
  }
});
