import { expect } from "chai";
import { describeInChromium } from "../browser/browsers.ts";
import { CLIENTS, LEFT_CODE } from "../support/clients/clients.ts";
import { documentedRows, formatRow, HEAD } from "../support/clients/matrix.ts";
import { measureClients } from "../support/clients/measure.ts";
import { closeRecordingProxies } from "../support/clients/recording-proxy.ts";
import { killPrograms } from "../support/program.ts";
import { killProcesses } from "../support/serve-process.ts";

/** Longest for all clients at once, most of which is waiting for those that stay away, in ms. */
const MEASURE_MS = 150_000;

describeInChromium("the table in docs/clients.md", (suite) => {
  let rows: readonly string[] = [];

  before(async function () {
    this.timeout(MEASURE_MS);
    const cells = await measureClients(CLIENTS, suite.browser);
    rows = CLIENTS.flatMap((client, index) => {
      const measured = cells[index];
      return measured === undefined ? [] : [formatRow(client, measured)];
    });
    process.stdout.write(`\n${HEAD}\n${rows.join("\n")}\n\n`);
  });
  after(async () => {
    await killPrograms();
    killProcesses();
    await closeRecordingProxies();
  });

  for (const [index, { name }] of CLIENTS.entries()) {
    it(`says what ${name} does`, () => {
      const row = rows[index];
      expect(documentedRows(), `docs/clients.md has to say\n${row}\n`).to.include(row);
    });
  }

  it("has a row for each client that was measured, in this order, and no others", () => {
    expect(documentedRows()).to.deep.equal(rows);
  });

  it("has no code that none of them is", () => {
    expect(LEFT_CODE).to.deep.equal([]);
  });
});
