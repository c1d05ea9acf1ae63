import { describeChaos } from "./chaos-suite.ts";

describeChaos(Number(process.env["CHAOS_SECONDS"] ?? 600));
