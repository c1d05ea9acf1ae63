import { expect } from "chai";
import { dataOfWorkload } from "../../src/sources/gearman/job-data.ts";
import {
  formatPacket,
  PACKET,
  type Packet,
  PacketParser,
  parseJob,
} from "../../src/sources/gearman/packets.ts";

/** As a job server sends it. */
function response(type: number, data: string | Buffer): Buffer {
  const packet = formatPacket(type, data);
  packet.write("\0RES", "latin1");
  return packet;
}

describe("PacketParser", () => {
  it("finds packets however they are cut", () => {
    const bytes = Buffer.concat([
      response(PACKET.NO_JOB, ""),
      response(PACKET.JOB_ASSIGN_UNIQ, "H:a:1\0getmsg\0u\0work\0load"),
      response(PACKET.NOOP, ""),
    ]);
    for (let size = 1; size <= bytes.length; size++) {
      const packets: Packet[] = [];
      const parser = new PacketParser(1_000, (packet) => packets.push(packet));
      for (let at = 0; at < bytes.length; at += size)
        expect(parser.push(bytes.subarray(at, at + size))).to.equal(true);
      expect(packets.map(({ type }) => type)).to.deep.equal([10, 31, 6]);
      const job = parseJob(packets[1] as Packet);
      expect(job).to.include({ handle: "H:a:1", function: "getmsg", unique: "u", bytes: 9 });
      expect(String(job?.workload)).to.equal("work\0load");
    }
  });

  it("keeps the beginning of a packet that is too large, and goes on behind it", () => {
    const packets: Packet[] = [];
    const parser = new PacketParser(20, (packet) => packets.push(packet));
    const huge = Buffer.concat([Buffer.from("H:a:1\0getmsg\0\0"), Buffer.alloc(5_000, "x")]);
    parser.push(Buffer.concat([response(31, huge), response(PACKET.NOOP, "")]));
    expect(packets.map(({ type }) => type)).to.deep.equal([31, 6]);
    expect(packets[0]?.data.length).to.equal(20);
    expect(parseJob(packets[0] as Packet)).to.include({ handle: "H:a:1", bytes: 5_000 });
  });

  for (const garbage of ["HTTP/1.1 400 Bad Request", "\0REQ\0\0\0\0\0\0\0\0", "\0RXX"]) {
    it(`says that ${JSON.stringify(garbage)} is none`, () => {
      const parser = new PacketParser(1_000, () => {});
      expect(parser.push(Buffer.from(garbage))).to.equal(false);
    });
  }

  it("says that an assignment without its names is no job", () => {
    expect(parseJob({ type: 31, data: Buffer.from("H:a:1\0getmsg"), bytes: 12 })).to.equal(null);
  });
});

describe("a workload", () => {
  for (const [workload, data] of [
    ['{"vid": 7}', '{"vid":7}'],
    ["7", "7"],
    ["\ufeff[7]", "[7]"],
    ["open the door", '"open the door"'],
    ["", '""'],
    ["</script>", '"\\u003c/script\\u003e"'],
    ['{"__proto__":1}', '"{\\"__proto__\\":1}"'],
    [`${"[".repeat(101)}${"]".repeat(101)}`, `"${"[".repeat(101)}${"]".repeat(101)}"`],
  ] as const) {
    it(`of ${workload.slice(0, 40)} is ${data.slice(0, 40)}`, () => {
      expect(dataOfWorkload(Buffer.from(workload))).to.equal(data);
    });
  }

  it("that is no UTF-8 is an object with base64", () => {
    expect(dataOfWorkload(Buffer.of(0xff, 0, 0x41))).to.equal('{"base64":"/wBB"}');
  });
});
