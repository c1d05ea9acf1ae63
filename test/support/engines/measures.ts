import type { Column } from "./matrix.ts";
import type { Measure } from "./measure.ts";
import { measureClose } from "./measure-close.ts";
import { measureFallback } from "./measure-fallback.ts";
import { measureRemoved, measureUnload } from "./measure-gone.ts";
import { measureKilled, measureWake } from "./measure-loss.ts";
import { measureBusy, measureOpen } from "./measure-open.ts";
import { measureRecycle } from "./measure-recycle.ts";
import { measureBack, measureResume } from "./measure-resume.ts";
import { measureTransports } from "./measure-transports.ts";
import { measureValues } from "./measure-values.ts";

/** How each column is measured, and what it promises, as a test's name. */
export const MEASURES: Readonly<Record<Column, readonly [string, Measure]>> = {
  open: ["shows messages while the response is open", measureOpen],
  values: ["gets values equal to what was published", measureValues],
  resume: ["goes on where it was when the page is loaded again", measureResume],
  back: ["goes on where it was after the way back", measureBack],
  close: ["stays away after a close, and leaves no entry in the history", measureClose],
  recycle: ["replaces frames without a seam, and keeps few nodes", measureRecycle],
  fallback: ["polls where frames are held back", measureFallback],
  wake: ["is back after a sleep, with what was sent meanwhile", measureWake],
  killed: ["is back after its server was killed", measureKilled],
  unload: ["frees the stream of a page that is left", measureUnload],
  removed: ["frees the stream of a frame that is taken out", measureRemoved],
  transports: ["opens the transports that it has", measureTransports],
  busy: ["tells whether it looks busy", measureBusy],
};
