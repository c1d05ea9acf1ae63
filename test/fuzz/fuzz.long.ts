import { describeFuzz } from "./fuzz-suite.ts";

const light = Number(process.env["FUZZ_RUNS"] ?? 100_000);

describeFuzz({ light, heavy: Math.ceil(light / 50) });
