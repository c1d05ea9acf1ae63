import type { Browser } from "puppeteer-core";
import { stopServers } from "../test-server.ts";
import type { Cells } from "./matrix.ts";
import { measureAuto } from "./measure-auto.ts";
import { measureGone, noticesAtOnce } from "./measure-gone.ts";
import { measureWire } from "./measure-wire.ts";
import type { Middlebox } from "./middlebox.ts";
import { stopMiddleboxes } from "./middleboxes.ts";
import { startSite } from "./site.ts";

/** Measure a middlebox with one configuration. Leaves running what it has started. */
export async function measureRow(browser: Browser, box: Middlebox): Promise<Cells> {
  const quiet = await startSite(box, "quiet");
  const wire = await measureWire(quiet);
  const isAtOnce = await noticesAtOnce(quiet);
  // Some programs do not run twice.
  await stopMiddleboxes();
  await stopServers();
  const beating = await startSite(box, "often");
  const auto = await measureAuto(browser, beating);
  return { ...wire, gone: isAtOnce ? "at once" : await measureGone(beating), auto };
}
