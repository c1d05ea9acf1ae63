import { expect } from "chai";
import { type Answer, ask } from "../support/request.ts";
import type { ServerFixture } from "../support/server-fixtures.ts";
import {
  destroyClients,
  openTransport,
  type TransportFixture,
  untilEvents,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";

const TEXT = "</script><b>bis 6\u2028\u2029 \ud834\udd1e\n\ndata: \"'&\\";

/** What an admin says with a close reaches the client and the receipt, however it is carried. */
export function describeCloseText(fixture: TransportFixture, server: ServerFixture): void {
  describe(`the text of a close, by ${fixture.name} of ${server.name}`, function () {
    this.timeout(60_000);
    afterEach(async function () {
      destroyClients();
      await (this.currentTest?.isFailed() ? server.stop() : server.release());
    });

    for (const way of ["channel", "client", "handle", "id"] as const) {
      it(`is in its event and in its receipt, where it is closed by its ${way}`, async () => {
        const { url, adminToken } = await server.start();
        const headers = { Authorization: `Bearer ${adminToken}` };
        const client = await openTransport(fixture, url, "channels=doors.a&client=panel");
        const id = String(client.events[0]?.["stream"]);
        const listed: Answer = await ask(url, "GET", "/streams", { headers });
        const path = {
          channel: "/channels/doors.a/close",
          client: "/clients/panel/close",
          handle: `/streams/${listed.json.streams[0].handle}/close`,
          id: `/streams/${id}/close`,
        }[way];
        const answer = await ask(url, "POST", path, {
          headers: { ...headers, "Content-Type": "application/json" },
          body: JSON.stringify({ text: TEXT }),
        });
        expect(answer.status, answer.text).to.equal(200);
        const isClosed = () => client.events.at(-1)?.type === "close";
        await untilEvents(client, isClosed, "the close");
        const said = { reason: "admin", reconnect: false, text: TEXT };
        expect(client.events.at(-1)).to.include(said);
        const receipt = await ask(url, "POST", `/streams/${id}/close`);
        expect(receipt.json).to.include({ stream: id, reason: "admin", text: TEXT });
        await eventually(5_000, () => client.ended, "the end");
      });
    }
  });
}
