// Fails if a package that is installed has a known fault: `npm run check:audit`.
import { spawnSync } from "node:child_process";

const { stdout } = spawnSync("npm", ["audit", "--json"], { encoding: "utf8" });
const { error, metadata, message = error?.summary } = JSON.parse(stdout);
if (metadata === undefined) {
  process.stdout.write(`The registry does not say which packages have known faults: ${message}\n`);
} else {
  const { total } = metadata.vulnerabilities;
  process.stdout.write(`${total} known faults in packages${total > 0 ? ": see npm audit" : ""}\n`);
  process.exitCode = total > 0 ? 1 : 0;
}
