import { describeTransportContract } from "../contract/transport-contract.ts";
import { ONE_SERVER } from "../support/server-fixtures.ts";
import { EVENT_SOURCE, FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

for (const fixture of [FRAME, NDJSON, SSE, EVENT_SOURCE, POLL, WEBSOCKET])
  describeTransportContract(fixture, ONE_SERVER);
