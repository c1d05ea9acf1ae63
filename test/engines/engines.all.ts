import { describeEngines } from "../support/engines/engine-suite.ts";
import { ENGINES } from "../support/engines/engines.ts";
import { MORE_ENGINES } from "../support/needs.mjs";

describeEngines(
  ENGINES.filter(({ id }) => MORE_ENGINES.includes(id)),
  "quick",
);
