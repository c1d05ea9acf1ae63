import { describeTransportContract } from "../contract/transport-contract.ts";
import { FRAMEWORK_NAMES, mountedFixture } from "../support/mounted-servers.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { FRAME, NDJSON, POLL, SSE, WEBSOCKET } from "../support/transport-clients.ts";

describe("mounted", () => {
  let distrust = () => {};
  before(() => {
    distrust = trustTestCertificate();
  });
  after(() => distrust());

  for (const framework of FRAMEWORK_NAMES)
    for (const transport of [FRAME, NDJSON, SSE, POLL, WEBSOCKET])
      describeTransportContract(transport, mountedFixture(framework));
});
