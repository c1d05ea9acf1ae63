import { openRedisLog } from "../../../src/logs/redis/redis-log.ts";
import { describeLogContract, type LogFixture } from "../../contract/log-contract.ts";
import { describeLogPlaces } from "../../contract/log-places-contract.ts";
import { describeLogRevocations } from "../../contract/log-revocations-contract.ts";
import { describeLogUpkeep } from "../../contract/log-upkeep-contract.ts";
import { describeSharedLog } from "../../contract/shared-log-contract.ts";
import { type RedisProcess, startRedis } from "../../support/redis.ts";
import { removeTemporaryDirectories } from "../../support/temporary-directory.ts";

let redis: RedisProcess;

// Not for the whole process: other files stop every Redis after each of their tests.
describe("with a Redis", () => {
  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    await redis.stop();
    removeTemporaryDirectories();
  });

  const fixture: LogFixture = {
    open: (location, options) =>
      openRedisLog({
        ...options,
        url: redis.url,
        prefix: `${location}:`,
        trustRestart: false,
        wait: 0,
        clock: "own",
      }),
  };

  describeLogContract("the Redis log", fixture);
  describeLogUpkeep("the Redis log", fixture);
  describeLogPlaces("the Redis log", fixture);
  describeLogRevocations("the Redis log", fixture);
  describeSharedLog("the Redis log", fixture);
});
