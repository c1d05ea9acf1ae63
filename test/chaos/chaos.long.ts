import { describeChaos } from "./chaos-suite.ts";

const seconds = Number(process.env["CHAOS_SECONDS"] ?? 600);

describeChaos(seconds / 2, 0);
describeChaos(seconds / 2, 2);
