import { expect } from "chai";
import { LogOutput } from "../../src/process/log-output.ts";
import { eventually } from "../support/within.ts";

/** Somebody who reads standard error, or does not. */
class Reader {
  text = "";
  takes = Number.POSITIVE_INFINITY;
  fault: string | null = null;

  readonly tryWrite = (bytes: Buffer): number => {
    if (this.fault !== null) throw Object.assign(new Error(this.fault), { code: this.fault });
    const taken = Math.min(bytes.length, this.takes);
    this.text += bytes.subarray(0, taken).toString();
    return taken;
  };
}

const LINE = `${"x".repeat(999)}\n`;

describe("the lines of the log", () => {
  it("are written at once and whole, as long as somebody reads them", () => {
    const reader = new Reader();
    const output = new LogOutput(reader.tryWrite);
    output.write("a\n");
    output.write("b\n");
    expect(reader.text).to.equal("a\nb\n");
  });

  it("wait for a reader that stands still, at most 1 MiB of them, and say then how many were lost", async () => {
    const reader = new Reader();
    const output = new LogOutput(reader.tryWrite);
    reader.takes = 0;
    for (let n = 0; n < 2_000; n++) output.write(LINE);
    expect(reader.text).to.equal("");
    reader.takes = Number.POSITIVE_INFINITY;
    await eventually(2_000, () => reader.text.length > 0, "the lines that waited");
    expect(reader.text.length).to.be.within(1_000_000, 1_048_576);
    output.write("the last\n");
    const lost = 2_000 - reader.text.split(LINE).length + 1;
    expect(reader.text).to.match(new RegExp(`"lost":${lost},.*\\nthe last\\n$`));
  });

  it("go on in the middle of one that was written in part", async () => {
    const reader = new Reader();
    const output = new LogOutput(reader.tryWrite);
    reader.takes = 3;
    output.write("abcdef\n");
    output.write("g\n");
    reader.takes = Number.POSITIVE_INFINITY;
    await eventually(2_000, () => reader.text.endsWith("g\n"), "the rest");
    expect(reader.text).to.equal("abcdef\ng\n");
  });

  for (const fault of ["ENOSPC", "EPIPE", "EIO"]) {
    it(`are lost and counted where they can't be written: ${fault}`, () => {
      const reader = new Reader();
      const output = new LogOutput(reader.tryWrite);
      reader.fault = fault;
      for (let n = 0; n < 5; n++) output.write(LINE);
      reader.fault = null;
      output.write("there is room again\n");
      expect(reader.text).to.match(/"lost":\d+,.*\nthere is room again\n$/);
    });
  }
});
