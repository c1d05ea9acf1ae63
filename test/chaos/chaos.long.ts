import { describeChaos } from "./chaos-suite.ts";

const seconds = Number(process.env["CHAOS_SECONDS"] ?? 300);

describeChaos(seconds, 0);
