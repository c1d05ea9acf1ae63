import { expect } from "chai";
import fc from "fast-check";
import { addressGroup } from "../../src/core/address-group.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { destroyClients, NDJSON, openTransport } from "../support/transport-clients.ts";

const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
const inFull = (parts: readonly number[]) => parts.map((part) => part.toString(16)).join(":");
/** As the system writes an address: the URL parser shortens it in the same way. */
const inShort = (parts: readonly number[]) =>
  new URL(`http://[${inFull(parts)}]/`).hostname.slice(1, -1);

describe("the group of an address", () => {
  afterEach(async () => {
    destroyClients();
    await stopServers();
  });

  it("is the address itself for IPv4 and for none", () => {
    for (const address of ["10.0.0.7", "255.255.255.255", ""])
      expect(addressGroup(address)).to.equal(address);
  });

  it("is the same for all that one customer has of IPv6, however it is written, and for no other", () => {
    fc.assert(
      fc.property(groups, groups, fc.boolean(), (one, other, isShort) => {
        const neighbour = [...one.slice(0, 4), ...other.slice(4)];
        const write = isShort ? inShort : inFull;
        expect(addressGroup(write(one))).to.equal(addressGroup(inShort(neighbour)));
        const isSame = one.slice(0, 4).every((part, i) => part === other[i]);
        expect(addressGroup(inShort(one)) === addressGroup(inShort(other))).to.equal(isSame);
      }),
      {
        numRuns: 2_000,
        examples: [[[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 1, 0, 0, 0, 0], true]],
      },
    );
    expect(addressGroup("fe80::1%eth0")).to.equal(addressGroup("FE80::2"));
    expect(addressGroup("64:ff9b::10.0.0.7")).to.equal("64:ff9b:0:0::/64");
  });

  it("is what streams are counted by", async () => {
    const { url } = await startTestServer({
      trustedProxies: ["127.0.0.1"],
      maxStreamsPerAddress: 2,
    });
    const from = (address: string) => ({ "X-Forwarded-For": address });
    for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"])
      await openTransport(NDJSON, url, "channels=a", from(address));
    const third = await ask(url, "GET", "/stream?transport=ndjson&channels=a", {
      headers: from("2001:db8:0:1::3"),
    });
    expect([third.status, third.json.code]).to.deep.equal([429, "FF_ADDRESS_STREAMS_TOO_MANY"]);
  });
});
