import { openMemoryLog } from "../../src/logs/memory-log.ts";
import { describeLogContract, type LogFixture } from "../contract/log-contract.ts";
import { describeLogPlaces } from "../contract/log-places-contract.ts";
import { describeLogRevocations } from "../contract/log-revocations-contract.ts";
import { describeLogUpkeep } from "../contract/log-upkeep-contract.ts";

let epochs = 0;

const fixture: LogFixture = {
  open: (_location, options) => openMemoryLog(() => `memory${1_000 + ++epochs}`, options),
};

describeLogContract("the memory log", fixture);
describeLogUpkeep("the memory log", fixture);
describeLogPlaces("the memory log", fixture);
describeLogRevocations("the memory log", fixture);
