import { describeFuzz } from "./fuzz-suite.ts";

describeFuzz({ light: 2_000, heavy: 100 }, 90_000);
