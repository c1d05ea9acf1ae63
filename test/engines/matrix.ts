// Every engine, or those that ENGINES names, with everything: see run.mjs.
import { describeEngines } from "../support/engines/engine-suite.ts";
import { ENGINES } from "../support/engines/engines.ts";

const named = process.env["ENGINES"]?.split(",");

describeEngines(
  ENGINES.filter(({ id }) => named === undefined || named.includes(id)),
  "whole",
);
