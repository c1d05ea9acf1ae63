import type { Page } from "puppeteer-core";
import { eventually } from "../within.ts";

/** What a page takes of its engine. */
export interface Footprint {
  /** All nodes that are in memory; or elements in documents, where an engine tells no more. */
  readonly nodes: number;
  /** Of the scripts' heap after a collection; or of the engine's processes. */
  readonly bytes: number;
}

/** A page of any engine whose use of memory can be told. */
export interface MeasuredPage {
  open(url: string): Promise<void>;
  /** @param expression ECMAScript 3; its value is JSON */
  evaluate(expression: string): Promise<unknown>;
  /** Wait until an expression is true. */
  until(expression: string, what: string, ms?: number): Promise<void>;
  measure(): Promise<Footprint>;
}

/** Open limits.html of a server, and wait until all of it is there. */
export async function openLimits(page: MeasuredPage, url: string): Promise<void> {
  await page.open(`${url}/limits.html`);
  await page.until(`document.readyState === "complete"`, "the whole page");
}

/** A page of Chromium, which collects what is not in use before it tells what is. */
export async function measuredPage(page: Page): Promise<MeasuredPage> {
  const session = await page.createCDPSession();
  await session.send("Performance.enable");
  const evaluate = (expression: string) => page.evaluate(expression);
  return {
    open: async (url) => void (await page.goto(url)),
    evaluate,
    until: async (expression, what, ms = 10_000) => {
      await eventually(ms, async () => Boolean(await evaluate(expression)), what);
    },
    measure: async () => {
      // What has a finalizer goes with the second one.
      for (let times = 0; times < 2; times++) await session.send("HeapProfiler.collectGarbage");
      const { metrics } = await session.send("Performance.getMetrics");
      const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0;
      return { nodes: metric("Nodes"), bytes: metric("JSHeapUsedSize") };
    },
  };
}
