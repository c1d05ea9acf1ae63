import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { expect } from "chai";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import type { TlsPair } from "../../src/tls/tls-pair.ts";
import { TlsWatch } from "../../src/tls/tls-watch.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { type CertificateFiles, makeCertificate } from "../support/test-certificate.ts";
import { eventually } from "../support/within.ts";

const DAY_MS = 86_400_000;

describe("the watch over a certificate's files", () => {
  after(removeTemporaryDirectories);

  /** A watch whose time is driven by the test, and what it has said. */
  async function start(files: CertificateFiles, aheadMs = 0) {
    const lines: string[] = [];
    const note = (level: string) => (about: { reason?: string }, text: string) =>
      void lines.push(`${level}: ${text}${about.reason === undefined ? "" : `: ${about.reason}`}`);
    const timers = new Map<number, () => void>();
    const watch = await TlsWatch.open(files, {
      scheduler: {
        ...nodeScheduler,
        unixMs: () => Date.now() + aheadMs,
        every(ms, run) {
          timers.set(ms, run);
          return () => timers.delete(ms);
        },
      },
      logger: {
        debug: note("debug"),
        info: note("info"),
        warn: note("warn"),
        error: note("error"),
      },
    });
    const pairs: TlsPair[] = [];
    watch.start((pair) => pairs.push(pair));
    return {
      watch,
      pairs,
      lines,
      timers,
      async look(times = 1) {
        for (let n = 0; n < times; n++) await watch.look();
      },
    };
  }

  const replace = (files: CertificateFiles, by: Partial<CertificateFiles>) => {
    if (by.tlsCert !== undefined) copyFileSync(by.tlsCert, files.tlsCert);
    if (by.tlsKey !== undefined) copyFileSync(by.tlsKey, files.tlsKey);
  };

  it("tells of a new pair once, also when its files look the same but for what they hold", async () => {
    const files = makeCertificate();
    const { look, pairs, lines } = await start(files);
    await look(3);
    expect(pairs).to.deep.equal([]);
    replace(files, makeCertificate());
    await look(3);
    expect(pairs).to.have.lengthOf(1);
    expect(lines).to.deep.equal(["info: TLS certificate replaced"]);
  });

  it("is not alarmed by one file that is replaced before the other", async () => {
    const files = makeCertificate();
    const { look, pairs, lines } = await start(files);
    const next = makeCertificate();
    replace(files, { tlsCert: next.tlsCert });
    await look();
    replace(files, { tlsKey: next.tlsKey });
    await look();
    expect(pairs).to.have.lengthOf(1);
    expect(lines).to.deep.equal(["info: TLS certificate replaced"]);
  });

  it("logs a fault that lasts once, keeps the pair, and takes the next one that is good", async () => {
    const files = makeCertificate();
    const { watch, look, pairs, lines } = await start(files);
    const { pair } = watch;
    writeFileSync(files.tlsKey, "broken");
    await look(5);
    expect(watch.pair).to.equal(pair);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.match(
      /^error: new TLS certificate not taken: .*--tls-key .* does not hold/,
    );
    rmSync(files.tlsCert);
    await look(5);
    expect(lines).to.have.lengthOf(2);
    expect(lines[1]).to.include("can't be read (ENOENT)");
    replace(files, makeCertificate());
    await look();
    expect(pairs).to.deep.equal([watch.pair]);
  });

  it("answers who asks for a look at once: replaced, unchanged, or the fault each time", async () => {
    const files = makeCertificate();
    const { watch, lines } = await start(files);
    await watch.reload();
    replace(files, makeCertificate());
    await watch.reload();
    writeFileSync(files.tlsCert, "");
    await watch.reload();
    await watch.reload();
    expect(lines.map((line) => line.split(":", 2).join(":"))).to.deep.equal([
      "info: TLS certificate unchanged",
      "info: TLS certificate replaced",
      "error: new TLS certificate not taken",
      "error: new TLS certificate not taken",
    ]);
  });

  it("looks no more when it was stopped", async () => {
    const { watch, timers } = await start(makeCertificate());
    expect([...timers.keys()]).to.deep.equal([5_000, DAY_MS]);
    watch.stop();
    expect(timers.size).to.equal(0);
  });

  for (const [what, days, aheadMs, said] of [
    ["in more than 14 days", 90, 75 * DAY_MS, []],
    ["in less than 14 days", 90, 77 * DAY_MS, ["warn: TLS certificate expires soon: renew it"]],
    ["in a day, being for six", 6, 3 * DAY_MS, []],
    ["today, being for six", 6, 5 * DAY_MS, ["warn: TLS certificate expires soon: renew it"]],
    ["before now", 6, 7 * DAY_MS, ["warn: TLS certificate expired: clients refuse it"]],
    ["before it began", 6, -DAY_MS, ["warn: TLS certificate not valid yet: clients refuse it"]],
  ] as const) {
    it(`says ${said.length === 0 ? "nothing" : "so each day"} of a certificate that ends ${what}`, async () => {
      const { lines, timers } = await start(makeCertificate({ days }), aheadMs);
      expect(lines).to.deep.equal(said);
      timers.get(DAY_MS)?.();
      await eventually(1_000, () => lines.length === 2 * said.length, "the next day's");
    });
  }
});
