import { describeTransportContract } from "../contract/transport-contract.ts";
import { IS_WHOLE_MATRIX } from "../support/matrix.ts";
import { FRAMEWORK_NAMES, mountedFixture } from "../support/mounted-servers.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

describe("mounted", () => {
  let distrust = () => {};
  before(() => {
    distrust = trustTestCertificate();
  });
  after(() => distrust());

  const transports = [FRAME, NDJSON, SSE, POLL, WEBSOCKET];
  FRAMEWORK_NAMES.forEach((framework, n) => {
    const some = transports.filter((_, m) => m === n % transports.length);
    for (const transport of IS_WHOLE_MATRIX ? transports : some)
      describeTransportContract(transport, mountedFixture(framework));
  });
});
