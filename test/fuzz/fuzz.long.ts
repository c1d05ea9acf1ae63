import { describeFuzz } from "./fuzz-suite.ts";

const light = Number(process.env["FUZZ_RUNS"] ?? 100_000);

/** A run of hours is asked for on purpose. */
const MAX_MS = 14_400_000;

describeFuzz({ light, heavy: Math.ceil(light / 50) }, MAX_MS);
