import { describeTransportContract } from "../contract/transport-contract.ts";
import { stopTwoWorkers, TWO_WORKERS } from "../support/server-fixtures.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

after(stopTwoWorkers);

for (const fixture of [FRAME, NDJSON, POLL, SSE, WEBSOCKET])
  describeTransportContract(fixture, TWO_WORKERS);
