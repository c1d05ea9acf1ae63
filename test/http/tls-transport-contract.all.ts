import { describeTransportContract } from "../contract/transport-contract.ts";
import { IS_WHOLE_MATRIX } from "../support/matrix.ts";
import { ONE_TLS_SERVER } from "../support/server-fixtures.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

describe("over TLS", () => {
  let distrust = () => {};
  before(() => {
    distrust = trustTestCertificate();
  });
  after(() => distrust());

  for (const fixture of IS_WHOLE_MATRIX
    ? [FRAME, NDJSON, SSE, POLL, WEBSOCKET]
    : [FRAME, POLL, WEBSOCKET])
    describeTransportContract(fixture, ONE_TLS_SERVER);
});
