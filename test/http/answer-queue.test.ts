import { expect } from "chai";
import { MemoryBudget } from "../../src/core/memory-budget.ts";
import { AnswerQueue } from "../../src/http/publish-connection/answer-queue.ts";
import type { AnswerSink } from "../../src/http/publish-connection/answer-sink.ts";

/** A sink that keeps what it is given. */
class KeptAnswers implements AnswerSink {
  readonly written: (readonly string[])[] = [];
  ended: string | null = null;
  isDestroyed = false;
  writable = true;

  listen(): void {}
  write(answers: readonly string[]): void {
    this.written.push(answers);
  }
  end(answers: readonly string[], _destroyAfterMs: number, why: string): void {
    this.written.push(answers);
    this.ended = why;
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("AnswerQueue", () => {
  const create = (maxBytes = 1_000) => {
    const sink = new KeptAnswers();
    const unread = new MemoryBudget(maxBytes);
    return { sink, unread, queue: new AnswerQueue({ sink, unread, onSent: () => {} }) };
  };

  it("sends what is known in one turn in one piece, in the order of the lines", async () => {
    const { sink, queue } = create();
    const [first, second, third] = [queue.add(1), queue.add(2), queue.add(4)];
    queue.settle(second, ["c"]);
    await nextTick();
    expect(sink.written).to.deep.equal([]);
    expect(queue.bytes).to.equal(7);
    queue.settle(first, ["a", "b"]);
    await nextTick();
    expect(sink.written).to.deep.equal([["a", "b", "c"]]);
    expect(queue.bytes).to.equal(4);
    queue.settle(third, ["d"]);
    await nextTick();
    expect(sink.written.at(-1)).to.deep.equal(["d"]);
  });

  it("keeps answers while nobody takes them, counts them, and sends them later", async () => {
    const { sink, unread, queue } = create();
    sink.writable = false;
    queue.settle(queue.add(1), ["1234567"]);
    await nextTick();
    expect([sink.written.length, unread.bytes]).to.deep.equal([0, 7]);
    sink.writable = true;
    queue.send();
    expect([sink.written.flat(), unread.bytes]).to.deep.equal([["1234567"], 0]);
  });

  it("cuts the connection whose answers are too many, as all that wait are counted", async () => {
    const { sink, unread, queue } = create(100);
    sink.writable = false;
    queue.settle(queue.add(1), ["x".repeat(100)]);
    await nextTick();
    expect(sink.isDestroyed).to.equal(false);
    queue.settle(queue.add(1), ["x"]);
    await nextTick();
    expect(sink.isDestroyed).to.equal(true);
    expect(unread.bytes).to.equal(0);
  });

  it("ends behind the last answer, also to a client that takes nothing", async () => {
    const { sink, queue } = create();
    const batch = queue.add(1);
    sink.writable = false;
    queue.end("shutdown");
    await nextTick();
    expect(sink.ended).to.equal(null);
    queue.settle(batch, ["a"]);
    await nextTick();
    expect([sink.written.flat(), sink.ended]).to.deep.equal([["a"], "shutdown"]);
    queue.send();
    expect(sink.written.flat()).to.deep.equal(["a"]);
  });
});
