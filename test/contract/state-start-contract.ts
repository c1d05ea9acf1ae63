import { expect } from "chai";
import { publishJson } from "../support/raw-http.ts";
import type { ServerFixture } from "../support/server-fixtures.ts";
import {
  dataOf,
  destroyClients,
  eventsOf,
  openTransport,
  type TransportFixture,
  untilEvents,
  untilMessages,
} from "../support/transport-clients.ts";

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

/** A stream that starts with the state of channels, by any transport of any server. */
export function describeStateStart(
  fixture: TransportFixture,
  { name: serverName, start, stop, release }: ServerFixture,
): void {
  const { name, capabilities } = fixture;
  describe(`a stream by ${name} of ${serverName} that wants the state of channels`, function () {
    this.timeout(60_000);
    afterEach(async function () {
      destroyClients();
      await (this.currentTest?.isFailed() ? stop() : release());
    });

    it("starts with the last of each channel, and says when it has given them", async () => {
      const { url } = await start();
      for (const n of numbers(9)) await publishJson(url, `c.${n % 3}`, n);
      const client = await openTransport(fixture, url, "channels=c.*&each=2");
      await untilMessages(client, 6);
      const newest = eventsOf(client, "message").at(-1)?.["id"];
      await untilEvents(client, () => eventsOf(client, "live").length > 0, "the live event");
      await publishJson(url, "c.0", 9);
      await untilMessages(client, 7);
      expect(dataOf(client)).to.deep.equal(numbers(7, 3));
      expect(eventsOf(client, "live")).to.deep.equal([{ type: "live", cursor: newest }]);
    });

    it("resumes with the newest message of each channel where it wants the latest only, and then gets every one", async () => {
      const { url } = await start();
      const after = await publishJson(url, "c.0", 0);
      for (const n of numbers(9, 1)) await publishJson(url, `c.${n % 3}`, n);
      const client = await openTransport(fixture, url, `channels=c.*&latest=1&after=${after}`);
      await untilEvents(client, () => eventsOf(client, "live").length > 0, "the live event");
      expect(dataOf(client)).to.deep.equal([7, 8, 9]);
      if (!capabilities.events) return; // polls are away between two answers
      for (const n of numbers(5, 10)) await publishJson(url, "c.0", n);
      await untilMessages(client, 8);
      expect(dataOf(client)).to.deep.equal(numbers(8, 7));
    });
  });
}
