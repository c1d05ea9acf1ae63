import { readFileSync } from "node:fs";
import { expect } from "chai";

interface LockedPackage {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
}

const { packages } = JSON.parse(
  readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"),
) as { packages: Readonly<Record<string, LockedPackage>> };

describe("package-lock.json", () => {
  it("has the hash of each package, so that npm ci installs nothing else", () => {
    const without = Object.entries(packages)
      .filter(([path, { integrity }]) => path !== "" && !/^sha512-/.test(integrity ?? ""))
      .map(([path]) => path);
    expect(without).to.deep.equal([]);
  });

  it("has no package that runs a script when it is installed, but those that docs/security.md names", () => {
    const withScript = Object.entries(packages).filter(([, found]) => found.hasInstallScript);
    const names = withScript.map(([path]) => path.replace(/^.*node_modules\//, ""));
    const text = readFileSync(new URL("../docs/security.md", import.meta.url), "utf8");
    expect(names.sort()).to.deep.equal(["esbuild", "lmdb", "msgpackr-extract"]);
    for (const name of names) expect(text).to.contain(`\`${name}\``);
  });

  it("takes no package from another place than the registry that npm is set to", () => {
    for (const [path, { resolved }] of Object.entries(packages)) {
      expect(resolved ?? "", path).to.match(/^(?:https:\/\/registry\.npmjs\.org\/.*)?$/);
    }
  });
});
