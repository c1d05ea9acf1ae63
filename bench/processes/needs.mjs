// What the benchmark needs beside npm's packages: installed where it may be, else it says how.
import { existsSync } from "node:fs";
import { findCommand, nginxPath, provide, redisPath } from "../../test/support/needs.mjs";

/** Nchan, as Debian's package puts it. */
export const NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";

const NEEDS = [
  {
    name: "a C compiler",
    present: () => findCommand(["gcc"]) !== null && existsSync("/usr/include/stdio.h"),
    packages: ["gcc", "libc6-dev"],
  },
  {
    name: "nginx with Nchan",
    present: () => nginxPath() !== null && existsSync(NCHAN_MODULE),
    packages: ["nginx-light", "libnginx-mod-nchan"],
  },
  { name: "Redis", present: () => redisPath() !== null, packages: ["redis-server"] },
  { name: "wrk", present: () => findCommand(["wrk"]) !== null, packages: ["wrk"] },
];

/** Have it all, or exit with the command that installs it. */
export function provideForBench() {
  provide(NEEDS, "The benchmark needs");
}
