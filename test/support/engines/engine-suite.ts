import { join } from "node:path";
import { expect } from "chai";
import { closeProxies } from "../faulty-proxy.ts";
import { closeMeddlingProxies } from "../meddling-proxy.ts";
import { thawAll } from "../process-group.ts";
import { killProcesses } from "../serve-process.ts";
import { removeTemporaryDirectories } from "../temporary-directory.ts";
import { stopServers } from "../test-server.ts";
import { stopDisplay } from "./display.ts";
import { Engine } from "./engine.ts";
import type { EngineKind } from "./engines.ts";
import { COLUMNS, type Column, documentedCells, formatRow, HEAD } from "./matrix.ts";
import type { Measured } from "./measure.ts";
import { MEASURES } from "./measures.ts";

/** What `npm test` leaves out: a change of the client seldom breaks it in one engine only. */
const WHOLE_ONLY: readonly Column[] = ["removed", "transports", "busy"];

/** Measure some engines, print their rows, and hold docs/browsers.md to them. */
export function describeEngines(kinds: readonly EngineKind[], size: Measured["size"]): void {
  describe("the table in docs/browsers.md", () => {
    const rows: string[] = [];
    for (const kind of kinds) describeEngine(kind, size, rows);
    after(async () => {
      await stopDisplay();
      process.stdout.write(`\n${HEAD}\n${rows.join("\n")}\n\n`);
    });
  });
}

function describeEngine(kind: EngineKind, size: Measured["size"], rows: string[]): void {
  const { columns = COLUMNS, isHolding = false, complaints } = kind;
  const measured = columns.filter((column) => size === "whole" || !WHOLE_ONLY.includes(column));
  const cells: Partial<Record<Column, string>> = {};

  describe(`the client in ${kind.name}`, function () {
    this.timeout(180_000);
    let engine: Engine;

    before(async () => {
      engine = new Engine(await kind.start());
    });
    afterEach(async () => {
      thawAll();
      killProcesses();
      await Promise.all([closeProxies(), closeMeddlingProxies()]);
      await stopServers();
    });
    after(async () => {
      rows.push(formatRow(kind.name, cells));
      await engine?.end();
      removeTemporaryDirectories();
    });

    for (const column of measured) {
      const [title, measure] = MEASURES[column];
      it(title, async () => {
        cells[column] = await measure({ engine, isHolding, size });
        await shoot(engine, `${kind.id}-${column}`);
        const errors = (await engine.errors()).filter((text) => !complaints?.test(text));
        expect(errors, "what scripts threw").to.deep.equal([]);
        expect(documentedCells(kind.name)[column], `docs/browsers.md, ${column}`).to.equal(
          cells[column],
        );
      });
    }

    it("has every cell of its row in docs/browsers.md from this run", () => {
      expect(Object.keys(cells)).to.have.members(measured);
      if (size === "whole") expect(cells).to.deep.equal(documentedCells(kind.name));
    });
  });
}

/** Keep a picture of the page, where SCREENSHOTS names a directory for them. */
async function shoot(engine: Engine, name: string): Promise<void> {
  const directory = process.env["SCREENSHOTS"];
  if (directory !== undefined) await engine.screenshot(join(directory, `${name}.png`));
}
