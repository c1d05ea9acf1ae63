// What the tests need beside npm's packages. Run by `pretest`: installs what is missing where it
// may, else says how.
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { chromiumPath, ENGINE_NEEDS, firefoxPath } from "./engines/programs.mjs";
import { findCommand } from "./find-command.mjs";

export { chromiumPath, findCommand, firefoxPath };

/** Debian's way to say which daemons an installation may start; 101 is "none". */
const POLICY = "/usr/sbin/policy-rc.d";

const CHROMIUM_SHELL = ["chromium-headless-shell"];

/** Those that `npm test` does without. */
const MIDDLEBOXES = [
  ...["apache2", "lighttpd", "varnishd", "caddy"],
  ...["stunnel4", "squid", "e2guardian"],
];

/** The engines that `npm test` runs the client in: those that differ most. */
export const FIRST_ENGINES = ["firefox", "phantomjs1"];

/** Those that `npm test -- all` runs it in beside them. */
export const MORE_ENGINES = ["chromium", "webkitgtk", "qtwebkit"];

/** Not on npm in a version that its authors made. */
export const PROTOTYPE_JS = "/usr/share/javascript/prototype/prototype.js";

/**
 * Each need: its name, how to look for it, and the Debian packages that bring it; or, where there
 * are none, how to make it.
 */
const NEEDS = [
  {
    name: "gearmand and its tools",
    present: () => ["gearmand", "gearman"].every((name) => findCommand([name])),
    packages: ["gearman-job-server", "gearman-tools"],
  },
  { name: "unshare", present: () => findCommand(["unshare"]) !== null, packages: ["util-linux"] },
  { name: "nginx", present: () => nginxPath() !== null, packages: ["nginx-light"] },
  { name: "HAProxy", present: () => haproxyPath() !== null, packages: ["haproxy"] },
  { name: "Redis", present: () => redisPath() !== null, packages: ["redis-server"] },
  {
    name: "Prometheus",
    present: () => findCommand(["prometheus"]) !== null,
    packages: ["prometheus"],
  },
  { name: "openssl", present: () => findCommand(["openssl"]) !== null, packages: ["openssl"] },
  {
    name: "Chromium's headless shell",
    present: () => findCommand(CHROMIUM_SHELL) !== null,
    packages: ["chromium-headless-shell"],
  },
  {
    name: "prototype.js",
    present: () => existsSync(PROTOTYPE_JS),
    packages: ["libjs-prototype"],
  },
  {
    name: "systemd's tools",
    present: () => ["systemd-analyze", "systemd-notify"].every((name) => findCommand([name])),
    packages: ["systemd"],
  },
  { name: "Perl", present: () => findCommand(["perl"]) !== null, packages: ["perl-base"] },
  { name: "PHP", present: () => findCommand(["php"]) !== null, packages: ["php-cli"] },
  {
    name: "PHP's curl",
    present: () => run("php", ["-r", "exit(extension_loaded('curl') ? 0 : 1);"]) === 0,
    packages: ["php-curl"],
  },
  {
    name: "Python's requests",
    present: () => existsSync("/usr/lib/python3/dist-packages/requests"),
    packages: ["python3-requests"],
  },
  ...[...FIRST_ENGINES, ...MORE_ENGINES].flatMap((id) => ENGINE_NEEDS[id]),
];

/** What `npm run test:long` needs beside them. */
const LONG_NEEDS = [
  {
    name: "Wine",
    present: () => findCommand(["wine"]) !== null,
    packages: ["wine", "wine64"],
  },
  {
    name: "slowhttptest",
    present: () => findCommand(["slowhttptest"]) !== null,
    packages: ["slowhttptest"],
  },
  {
    name: "the middleboxes of docs/proxies.md",
    present: () => MIDDLEBOXES.every((name) => findCommand([name])),
    packages: ["apache2", "lighttpd", "varnish", "caddy", "stunnel4", "squid", "e2guardian"],
  },
];

/** Path of the Chromium that has no windows and no tabs, and takes half the CPU. */
export function chromiumShellPath() {
  return findCommand(CHROMIUM_SHELL);
}

/** Path of the HAProxy that stands before the server in tests. */
export function haproxyPath() {
  return findCommand(["haproxy"]);
}

/** Path of the nginx that stands before the server in tests. */
export function nginxPath() {
  return findCommand(["nginx"]);
}

/** Path of the Redis that the log is kept in. */
export function redisPath() {
  return findCommand(["redis-server"]);
}

function run(command, args, env = {}) {
  return spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...env } }).status;
}

/** Install with apt-get; what is installed is not started. */
function install(packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const held = !existsSync(POLICY);
  if (held) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    run("apt-get", ["update", "-qq"], env);
    run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], env);
  } finally {
    if (held) rmSync(POLICY);
  }
}

/**
 * Have what is needed: make what can be made, and install what is missing as root on Debian; else
 * print the command for it and exit with 1.
 *
 * @param needs each with `name`, `present()` and the Debian `packages` that bring it, or `make()`
 * @param who needs it, for the sentences, such as "The tests need"
 */
export function provide(needs, who) {
  const missing = absent(needs);
  const packages = packagesOf(missing);
  if (packages.length > 0 && process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    console.log(`${who} ${namesOf(missing)}: ${installing(packages)}`);
    install(packages);
  }
  for (const need of missing) make(need);
  const left = absent(missing);
  if (left.length === 0) return;
  const remedy = installing(packagesOf(left));
  const advice = packagesOf(left).length > 0 ? ` On Debian, run as root:\n\n  ${remedy}\n` : "";
  console.error(`${who} ${namesOf(left)}, which could not be installed.${advice}`);
  process.exit(1);
}

const absent = (needs) => needs.filter((need) => !need.present());
const packagesOf = (needs) => [...new Set(needs.flatMap(({ packages }) => packages))];
const installing = (packages) =>
  `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
const namesOf = (needs) => needs.map(({ name }) => name).join(", ");

/** Make what can be made, where the needs before it are there. */
function make(need) {
  if (!need.make || need.present()) return;
  try {
    need.make();
  } catch (error) {
    console.error(error.message);
  }
}

if (process.argv[1] === import.meta.filename) {
  const isLong = process.argv[2] === "long";
  provide(isLong ? [...NEEDS, ...LONG_NEEDS] : NEEDS, "The tests need");
}
