import { describeTransportContract } from "../contract/transport-contract.ts";
import { TWO_WORKERS } from "../support/server-fixtures.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

for (const fixture of [FRAME, NDJSON, POLL, SSE, WEBSOCKET])
  describeTransportContract(fixture, TWO_WORKERS);
