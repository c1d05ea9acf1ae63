import { SITES } from "./chaos-size.ts";
import { describeChaos } from "./chaos-suite.ts";

const seconds = Number(process.env["CHAOS_SECONDS"] ?? 600);

for (const site of SITES) describeChaos(seconds / SITES.length, site);
