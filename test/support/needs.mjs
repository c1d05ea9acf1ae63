// What the tests need beside npm's packages. Run by `pretest`: installs what is missing where it
// may, else says how.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian's way to say which daemons an installation may start; 101 is "none". */
const POLICY = "/usr/sbin/policy-rc.d";

const CHROMIUM = ["chromium", "chromium-browser"];
const CHROMIUM_SHELL = ["chromium-headless-shell"];
const FIREFOX = ["firefox-esr", "firefox"];

/** Those that `npm test` does without. */
const MIDDLEBOXES = [
  ...["apache2", "lighttpd", "varnishd", "caddy"],
  ...["stunnel4", "squid", "e2guardian"],
];

/** Not on npm in a version that its authors made. */
export const PROTOTYPE_JS = "/usr/share/javascript/prototype/prototype.js";

/** Each need: its name, how to look for it, and the Debian packages that bring it. */
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
  { name: "Chromium", present: () => findCommand(CHROMIUM) !== null, packages: ["chromium"] },
  {
    name: "Chromium's headless shell",
    present: () => findCommand(CHROMIUM_SHELL) !== null,
    packages: ["chromium-headless-shell"],
  },
  { name: "Firefox", present: () => findCommand(FIREFOX) !== null, packages: ["firefox-esr"] },
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

/** The first of these commands that is on the PATH or, being for root, in /usr/sbin; or null. */
export function findCommand(commands) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  for (const command of commands) {
    for (const directory of directories) {
      const path = join(directory, command);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return null;
}

/** Path of the Chromium that the tests drive. */
export function chromiumPath() {
  return findCommand(CHROMIUM);
}

/** Path of the Chromium that has no windows and no tabs, and takes half the CPU. */
export function chromiumShellPath() {
  return findCommand(CHROMIUM_SHELL);
}

/** Path of the Firefox that the tests drive. */
export function firefoxPath() {
  return findCommand(FIREFOX);
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
 * Have what is needed: install what is missing as root on Debian, else print the command for it and
 * exit with 1.
 *
 * @param needs each with `name`, `present()` and the Debian `packages` that bring it
 * @param who needs it, for the sentences, such as "The tests need"
 */
export function provide(needs, who) {
  const missing = needs.filter((need) => !need.present());
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(", ");
  const packages = [...new Set(missing.flatMap((need) => need.packages))];
  const remedy = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    console.log(`${who} ${names}: ${remedy}`);
    install(packages);
  }
  if (missing.every((need) => need.present())) return;
  console.error(
    `${who} ${names}, which could not be installed. On Debian, run as root:\n\n  ${remedy}\n`,
  );
  process.exit(1);
}

if (process.argv[1] === import.meta.filename) {
  const isLong = process.argv[2] === "long";
  provide(isLong ? [...NEEDS, ...LONG_NEEDS] : NEEDS, "The tests need");
}
