import { openMemoryLog } from "../../src/logs/memory-log.ts";
import { describeLogContract } from "../contract/log-contract.ts";

let epochs = 0;

describeLogContract("the memory log", {
  open: (_location, now) =>
    openMemoryLog(() => `memory${++epochs}`, { now, maxIdempotencyKeys: 100, maxChannels: 5_000 }),
});
