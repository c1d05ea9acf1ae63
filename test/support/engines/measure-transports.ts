import { TRANSPORTS } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** A connection is awaited for a quarter of it, in ms. */
const SILENT_MS = 16_000;

/** Time until the page says what becomes of a transport, after some attempts. */
const TOLD_MS = 40_000;

/**
 * The transports that open when they are asked for by name, and bring messages. Of all others the
 * page has to say that they don't come through, or that the browser lacks them.
 */
export const measureTransports: Measure = async ({ engine }) => {
  const server = await startTestServer({ heartbeatMs: 2_000 });
  const able: string[] = [];
  for (const transport of TRANSPORTS) {
    const query = `channel=${transport}&transport=${transport}&silentMs=${SILENT_MS}&retryMs=300`;
    const page = await TrialPage.open(engine, `${server.url}/?${query}`);
    const end = async () => {
      const state = await page.text("state");
      return /^(open|refused)|does not come through/.test(state) && state;
    };
    const state = await eventually(TOLD_MS, end, `what becomes of ${transport}`);
    if (state !== "open" || (await page.text("transport")) !== transport) continue;
    await publishJson(server.url, transport, 1);
    await page.untilCount(1);
    able.push(transport);
  }
  return able.join(", ");
};
