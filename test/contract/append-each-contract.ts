import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import { type MessageLog, originOf } from "../../src/core/log.ts";
import { newMessage } from "../support/messages.ts";

/** The promises of `MessageLog.appendEach`, on the log that each test is given. */
export function describeAppendEach(logOf: () => MessageLog): void {
  /** The ids and data of all messages. */
  const readAll = async () => {
    const log = logOf();
    const { messages } = await log.read({
      selectors: parseSelectors("**"),
      after: originOf(log.epoch),
      upTo: null,
      maxMessages: 1_000,
      maxBytes: 1_000_000,
    });
    return messages.map(({ id, json }) => ({ id, data: JSON.parse(String(json)).data }));
  };

  describe("appendEach", () => {
    it("gives each request its ids or its refusal, in order, as if they came one by one", async () => {
      const keyed = (data: string) => ({
        messages: [newMessage("a", data)],
        idempotency: { key: "k" },
      });
      const outcomes = await logOf().appendEach([
        { messages: [newMessage("a", "1")] },
        keyed("2"),
        keyed("2"),
        keyed("3"),
        { messages: [newMessage("b", "4"), newMessage("a", "5")] },
      ]);
      const [first, second, repeat, conflict, last] = outcomes;
      expect(outcomes).to.have.lengthOf(5);
      expect(repeat).to.deep.equal(second);
      expect(conflict).to.include({ code: "FF_IDEMPOTENCY_CONFLICT" });
      const kept = await readAll();
      expect(kept.map(({ id }) => id)).to.deep.equal([first, second, last].flat());
      expect(kept.map(({ data }) => data)).to.deep.equal([1, 2, 4, 5]);
    });

    it("keeps its place among appends that come before and after it", async () => {
      const log = logOf();
      const request = (n: number) => ({ messages: [newMessage("a", String(n))] });
      const before = log.append(request(0));
      const each = log.appendEach(Array.from({ length: 50 }, (_, n) => request(n + 1)));
      await Promise.all([before, each, log.append(request(51))]);
      const numbers = Array.from({ length: 52 }, (_, n) => n);
      expect((await readAll()).map(({ data }) => data)).to.deep.equal(numbers);
    });
  });
}
