import { expect } from "chai";
import type { Cursor } from "../../src/core/cursor.ts";
import { gapEvent } from "../../src/core/events.ts";
import { Encoding } from "../../src/core/transport.ts";
import { plainFraming } from "../../src/http/connection/framing.ts";
import { PollAnswer, pollTransport } from "../../src/transports/poll.ts";

const encoding = Encoding.of(pollTransport, plainFraming);

const id = (n: number) => `epoch.${String(n).padStart(13, "0")}` as Cursor;

/** A piece with messages of so many bytes of data each, as a view makes it. */
function piece(from: number, count: number, bytes = 1): Buffer {
  const messages = Array.from({ length: count }, (_, i) => {
    const data = JSON.stringify("x".repeat(bytes));
    const json = Buffer.from(
      `{"type":"message","id":"${id(from + i)}","channel":"a","time":1,"data":${data}}`,
    );
    return { id: id(from + i), channel: "a", json };
  });
  return encoding.messages(messages as never);
}

function parse(answer: PollAnswer, cursor: Cursor) {
  return JSON.parse(Buffer.concat(answer.format("s", cursor)).toString());
}

describe("PollAnswer", () => {
  it("is an empty answer when nothing was added", () => {
    const answer = new PollAnswer();
    expect(answer.hasContent).to.equal(false);
    expect(parse(answer, id(7))).to.deep.equal({
      stream: "s",
      cursor: id(7),
      messages: [],
      gaps: [],
      live: false,
      stop: 0,
      reason: null,
    });
  });

  it("holds messages of several pieces, and gaps, in their order", () => {
    const answer = new PollAnswer();
    answer.add(piece(1, 2));
    const gap = { after: id(0), upTo: id(2), channels: ["a"], reason: "expired" } as const;
    answer.add(encoding.event(gapEvent(gap)));
    answer.add(piece(3, 1));
    const { messages, gaps, cursor } = parse(answer, id(9));
    expect(messages.map((message: { id: string }) => message.id)).to.deep.equal([1, 2, 3].map(id));
    expect(gaps).to.deep.equal([{ type: "gap", ...gap }]);
    expect(cursor).to.equal(id(9));
  });

  it("takes 1,000 messages whole, and says its whole cursor", () => {
    const answer = new PollAnswer();
    answer.add(piece(1, 1_000));
    expect(answer.isFull).to.equal(true);
    const { messages, cursor } = parse(answer, id(1_005));
    expect(messages).to.have.lengthOf(1_000);
    expect(cursor).to.equal(id(1_005));
  });

  it("leaves out the 1,001st, and says the cursor of the last that it has", () => {
    const answer = new PollAnswer();
    answer.add(piece(1, 999));
    answer.add(piece(1_000, 2));
    const { messages, cursor } = parse(answer, id(1_001));
    expect(messages).to.have.lengthOf(1_000);
    expect(cursor).to.equal(id(1_000));
  });

  it("takes no message that would make it more than 1 MiB", () => {
    const answer = new PollAnswer();
    answer.add(piece(1, 20, 100_000));
    const { messages, cursor } = parse(answer, id(20));
    expect(messages.length).to.equal(10);
    expect(cursor).to.equal(id(10));
  });

  it("takes one message whatever its size", () => {
    const answer = new PollAnswer();
    answer.add(piece(1, 2, 3_000_000));
    const { messages, cursor } = parse(answer, id(2));
    expect(messages).to.have.lengthOf(1);
    expect(cursor).to.equal(id(1));
  });
});
