import { relative } from "node:path";
import Mocha from "mocha";

/**
 * The spec reporter, and lines that any script can read: one for each file with a failed test, and
 * the last with the totals.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    runner.on("fail", ({ file, parent }) => files.add(file ?? parent?.file));
    runner.once("end", () => {
      for (const file of files) if (file) console.log(`failed: ${relative(process.cwd(), file)}`);
      const { passes, failures } = this.stats;
      console.log(`${passes} passed, ${failures} failed`);
    });
  }
}
