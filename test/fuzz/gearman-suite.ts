import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { GearmanConnection } from "../../src/sources/gearman/connection.ts";
import {
  formatPacket,
  PACKET,
  type Packet,
  PacketParser,
  parseJob,
} from "../../src/sources/gearman/packets.ts";
import { identifyServer } from "../../src/sources/gearman/server-id.ts";
import { within } from "../support/within.ts";
import { hostileText, nearly, oddBytes } from "./arbitraries.ts";
import { attempt, checkHold, type Runs } from "./attempt.ts";

/** Bytes that are kept of a packet. */
const MAX_KEPT = 40;

/** Bytes that may come in one turn of the event loop. */
const READ_BYTES = 131_072;

const packet = fc.record({
  type: fc.oneof(fc.constantFrom(...Object.values(PACKET)), fc.nat(0xffffffff)),
  data: fc.oneof(
    oddBytes,
    oddBytes.map((bytes) => Buffer.concat([Buffer.from("H:a:1\0getmsg\0\0"), bytes])),
  ),
});

/** As a job server sends it. */
function response({ type, data }: { readonly type: number; readonly data: Buffer }): Buffer {
  const bytes = formatPacket(type, data);
  bytes.write("\0RES", "latin1");
  return bytes;
}

/** Cut bytes in pieces: each at so many bytes behind the one before. */
function cut(bytes: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (let n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

/** Packets with a fault or none. */
const stream = fc
  .tuple(fc.array(packet, { maxLength: 4 }), fc.option(fc.tuple(fc.nat(), oddBytes)))
  .map(([packets, fault]) => {
    const bytes = Buffer.concat(packets.map(response));
    if (fault === null) return bytes;
    const [place, put] = fault;
    const at = place % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)]);
  });

const status = nearly(
  fc
    .array(
      fc.constantFrom("getmsg\t0\t0\t1\n", "foreverframe.getmsg.x\t0\t0\t0\n", "ERR a b\n", "OK\n"),
    )
    .map((lines) => `${lines.join("")}.\n`),
).map((text) => Buffer.from(text));

/** What is held to the answers of a job server. */
export function describeGearman({ light, heavy }: Runs): void {
  describe("packets of a job server", () => {
    it("are found wherever they are cut, and too large ones are cut short", () => {
      fc.assert(
        fc.property(fc.array(packet), cuts, (sent, sizes) => {
          const seen: Packet[] = [];
          const parser = new PacketParser(MAX_KEPT, (one) => seen.push(one));
          for (const piece of cut(Buffer.concat(sent.map(response)), sizes))
            expect(parser.push(piece)).to.equal(true);
          expect(seen).to.deep.equal(
            sent.map(({ type, data }) => ({
              type,
              data: Buffer.concat([data.subarray(0, MAX_KEPT)]),
              bytes: data.length,
            })),
          );
        }),
        { numRuns: light },
      );
    });

    it("are found, or said not to be packets, the same wherever they are cut", () => {
      fc.assert(
        fc.property(stream, cuts, (bytes, sizes) => {
          const results = [cut(bytes, [1]), cut(bytes, sizes), [bytes]].map((pieces) => {
            const seen: Packet[] = [];
            const parser = new PacketParser(MAX_KEPT, (one) => seen.push(one));
            const isGood = pieces.every((piece) => attempt(() => parser.push(piece))?.value);
            return { seen, isGood };
          });
          expect(results[1]).to.deep.equal(results[0]);
          expect(results[2]).to.deep.equal(results[0]);
        }),
        { numRuns: light },
      );
    });

    it("a job that is taken is what was sent", () => {
      fc.assert(
        fc.property(oddBytes, fc.nat(100), (data, dropped) => {
          const taken = attempt(() => parseJob({ type: 31, data, bytes: data.length + dropped }));
          const job = taken?.value ?? null;
          if (job === null) return;
          const names = data.subarray(0, data.length - job.workload.length).toString();
          expect(`${job.handle}\0${job.function}\0${job.unique}\0`).to.equal(names);
          expect(job.bytes).to.equal(job.workload.length + dropped);
        }),
        { numRuns: light },
      );
    });

    it("are found in no time, whatever comes", () => {
      const bytes = fc.oneof(
        hostileText(READ_BYTES, ["\0", "\0RES", "\0REQ", "\u0001"]).map((text) =>
          Buffer.from(text),
        ),
        packet.map((one) => {
          const whole = response(one);
          return Buffer.alloc(READ_BYTES, whole);
        }),
      );
      fc.assert(
        fc.property(bytes, fc.constantFrom(13, 1_460, 65_536), (sent, size) => {
          const parser = new PacketParser(1_048_576, parseJob);
          attempt(() => cut(sent, [size]).every((piece) => parser.push(piece)));
        }),
        { numRuns: heavy, endOnFailure: true },
      );
    });
  });

  describe("a connection to a job server", () => {
    let server: Server;
    let pieces: readonly Buffer[] = [];
    const sockets = new Set<Socket>();

    before(async () => {
      server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
        socket.setNoDelay(true);
        for (const piece of pieces) socket.write(piece);
        socket.end();
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
    });
    after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });

    /** Connect to a job server that sends this and ends. */
    const connectTo = (sent: readonly Buffer[]) => {
      pieces = sent;
      const { port } = server.address() as AddressInfo;
      return GearmanConnection.open(
        { host: "127.0.0.1", port },
        MAX_KEPT,
        new AbortController().signal,
      );
    };

    it("gives packets and then an error, whatever comes", async () => {
      await fc.assert(
        fc.asyncProperty(stream, cuts, async (bytes, sizes) => {
          await checkHold(async () => {
            const connection = await connectTo(cut(bytes, sizes));
            let last: unknown = null;
            for (let n = 0; last === null && n < 100; n++)
              await within(5_000, connection.receive(5_000), "a packet").then(
                (one) => expect(one?.data.length).to.be.at.most(MAX_KEPT),
                (error: unknown) => {
                  last = error;
                },
              );
            connection.destroy();
            expect(last).to.be.an("error").with.property("name", "Error");
          });
        }),
        { numRuns: heavy },
      );
    });

    it("gives an id or an error, whatever the job server says of itself", async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(status, oddBytes), cuts, async (bytes, sizes) => {
          await checkHold(async () => {
            const connection = await connectTo(cut(bytes, sizes));
            const id = await within(5_000, identifyServer(connection, "getmsg"), "an id").catch(
              (error: unknown) => error,
            );
            connection.destroy();
            if (typeof id === "string") expect(id).to.not.equal("");
            else expect(id).to.be.an("error").with.property("name", "Error");
          });
        }),
        {
          numRuns: heavy,
          examples: [[Buffer.from("foreverframe.getmsg.\t0\t0\t0\n.\n"), [40]]],
        },
      );
    });
  });
}
