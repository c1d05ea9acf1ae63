import { join } from "node:path";
import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { describeLogContract } from "../contract/log-contract.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";

let root = "";
let epochs = 0;

before(() => {
  root = createTemporaryDirectory();
});
after(removeTemporaryDirectories);

describeLogContract("the LMDB log", {
  open: (location, now) =>
    openLmdbLog(join(root, location), () => `lmdb${++epochs}`, { now, maxIdempotencyKeys: 100 }),
});
