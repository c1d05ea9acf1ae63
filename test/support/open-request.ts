import type { SelectorSet } from "../../src/core/channel-name.ts";
import type { OpenRequest } from "../../src/core/opener.ts";
import type { Sink } from "../../src/core/sink.ts";
import { Encoding } from "../../src/core/transport.ts";
import { plainFraming } from "../../src/http/connection/framing.ts";
import { ndjsonTransport } from "../../src/transports/ndjson.ts";

/** A request of nobody in particular for an NDJSON stream into a sink, but for what is given. */
export function openRequest(
  selectors: SelectorSet,
  sink: Sink,
  given: Pick<OpenRequest, "start"> & Partial<OpenRequest>,
): OpenRequest {
  return {
    selectors,
    latest: false,
    client: null,
    principal: null,
    takesOverFrom: null,
    isGone: () => false,
    address: null,
    browser: null,
    expiresInMs: null,
    mayRecycle: true,
    encoding: Encoding.of(ndjsonTransport, plainFraming),
    connect: () => sink,
    ...given,
  };
}
