import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { nginxPath, redisPath } from "../../test/support/needs.mjs";

/** What it was measured on, and which versions: one line. */
export function describeMachine(): string {
  const [first] = cpus();
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return [
    `${first?.model.trim() || "unknown CPU"}, ${cpus().length} cores, ${memoryGib} GiB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `Foreverframe ${versionOf("../..")}`,
    `nginx ${nginxVersion()}`,
    `Nchan ${debianVersion("libnginx-mod-nchan")}`,
    `sockjs ${versionOf("../../node_modules/sockjs")}`,
    `better-sse ${versionOf("../../node_modules/better-sse")}`,
    `lmdb ${versionOf("../../node_modules/lmdb")}`,
    `Redis ${redisVersion()}`,
  ].join("; ");
}

function versionOf(directory: string): string {
  const text = readFileSync(new URL(`${directory}/package.json`, import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function nginxVersion(): string {
  const { stderr } = spawnSync(nginxPath() ?? "nginx", ["-v"], { encoding: "utf8" });
  return /nginx\/(\S+)/.exec(stderr)?.[1] ?? "unknown";
}

function redisVersion(): string {
  const { stdout } = spawnSync(redisPath() ?? "redis-server", ["--version"], { encoding: "utf8" });
  return /v=(\S+)/.exec(stdout)?.[1] ?? "unknown";
}

function debianVersion(name: string): string {
  try {
    return execFileSync("dpkg-query", ["-W", "-f", "$" + "{Version}", name], { encoding: "utf8" });
  } catch {
    // Not every system with Nchan is a Debian.
    return "unknown";
  }
}
