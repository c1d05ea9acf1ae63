import { expect } from "chai";
import { describeInChromium } from "../../browser/browsers.ts";
import { removeTemporaryDirectories } from "../temporary-directory.ts";
import { trustTestCertificate } from "../test-certificate.ts";
import { documentedRows, formatRow, HEAD } from "./matrix.ts";
import { measureRow } from "./measure-row.ts";
import type { Middlebox } from "./middlebox.ts";
import { stopMiddleboxes } from "./middleboxes.ts";

/** Measure some middleboxes, print their rows and hold docs/proxies.md to them. */
export function describeMatrix(boxes: readonly Middlebox[]): void {
  describeInChromium("the table in docs/proxies.md", (suite) => {
    const measured: string[] = [];
    let distrust = () => {};

    before(() => {
      distrust = trustTestCertificate();
    });
    afterEach(async () => {
      await stopMiddleboxes();
      removeTemporaryDirectories();
    });
    after(() => {
      distrust();
      process.stdout.write(`\n${HEAD}\n${measured.join("\n")}\n\n`);
    });

    for (const box of boxes) {
      it(`says what ${box.name} does with its configuration "${box.configuration}"`, async () => {
        const row = formatRow(box, await measureRow(suite.browser, box));
        measured.push(row);
        expect(documentedRows(), `docs/proxies.md has to say\n${row}\n`).to.include(row);
      }).timeout(120_000);
    }
  });
}
