import { describeTransportContract } from "../contract/transport-contract.ts";
import { IS_WHOLE_MATRIX } from "../support/matrix.ts";
import { stopTwoWorkers, TWO_WORKERS } from "../support/server-fixtures.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

after(stopTwoWorkers);

// Only polls move between workers; the others meet them like a frame.
for (const fixture of IS_WHOLE_MATRIX ? [FRAME, NDJSON, POLL, SSE, WEBSOCKET] : [FRAME, POLL])
  describeTransportContract(fixture, TWO_WORKERS);
