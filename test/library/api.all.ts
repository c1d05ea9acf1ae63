import { join } from "node:path";
import { PROJECT } from "../support/npm-project.ts";
import { runCommand } from "../support/run-command.ts";

describe("the API reference", function () {
  this.timeout(180_000);

  it("explains everything that is public, and refers to nothing that is not", async () => {
    const args = [join(PROJECT, "node_modules/.bin/typedoc"), "--emit", "none"];
    await runCommand(process.execPath, args, PROJECT);
  });
});
