import { describeTransportContract } from "../contract/transport-contract.ts";
import { IS_WHOLE_MATRIX } from "../support/matrix.ts";
import { stopTwoWorkers, TWO_TLS_WORKERS } from "../support/server-fixtures.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { FRAME, WEBSOCKET } from "../support/transport-clients.ts";

describe("over TLS", () => {
  let distrust = () => {};
  before(() => {
    distrust = trustTestCertificate();
  });
  after(async () => {
    await stopTwoWorkers();
    distrust();
  });

  for (const fixture of IS_WHOLE_MATRIX ? [FRAME, WEBSOCKET] : [WEBSOCKET])
    describeTransportContract(fixture, TWO_TLS_WORKERS);
});
