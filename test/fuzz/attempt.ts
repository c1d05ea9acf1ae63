import { expect } from "chai";
import { ForeverframeError } from "../../src/errors.ts";
import { LoopWatch } from "./loop-watch.ts";

/** Nothing may hold the event loop for longer than this, in ms. */
export const MAX_HOLD_MS = 50;

/** The machine may be busy with something else: only what is slow each time is slow. */
const TRIES = 8;

/** No other work makes something this slow, in ms: it is not tried again. */
const HOPELESS_MS = 1_000;

/** Longest sentence of an error, in characters: it quotes only the beginning of what came. */
const MAX_SENTENCE = 600;

/** Cases of one property in a run: of a short input, and of one that takes milliseconds. */
export interface Runs {
  readonly light: number;
  readonly heavy: number;
}

/** What a parser made of an input that it has taken. */
interface Taken<T> {
  readonly value: T;
}

/**
 * Give a parser an input from outside.
 *
 * @returns null if it was refused as it should be
 * @throws Error it failed in another way, or held the event loop for too long
 */
export function attempt<T>(parse: () => T): Taken<T> | null {
  let ms = 0;
  let taken: Taken<T> | null = null;
  for (let tries = 0; tries === 0 || isWorthAnother(tries, ms); tries++) {
    taken = null;
    let thrown: unknown = null;
    const from = performance.now();
    try {
      taken = { value: parse() };
    } catch (error) {
      thrown = error;
    }
    ms = performance.now() - from;
    if (taken === null) checkRefusal(thrown);
  }
  expect(ms, "ms in one go").to.be.at.most(MAX_HOLD_MS);
  return taken;
}

/** The same for what takes several turns of the event loop. */
export async function attemptLater<T>(parse: () => Promise<T>): Promise<Taken<T> | null> {
  let taken: Taken<T> | null = null;
  await checkHold(async () => {
    taken = null;
    try {
      taken = { value: await parse() };
    } catch (error) {
      checkRefusal(error);
    }
  });
  return taken;
}

/**
 * Do something, again where it held the event loop for too long.
 *
 * @param what for the error
 * @throws Error it did so each time, or `work` failed
 */
export async function checkHold(work: () => Promise<void>, what = "it"): Promise<void> {
  let ms = 0;
  for (let tries = 0; tries === 0 || isWorthAnother(tries, ms); tries++) {
    const watch = new LoopWatch();
    try {
      await work();
    } finally {
      ms = watch.take();
      watch.stop();
    }
  }
  expect(ms, `ms in one go, of ${what}`).to.be.at.most(MAX_HOLD_MS);
}

function isWorthAnother(tries: number, ms: number): boolean {
  return tries < TRIES && ms > MAX_HOLD_MS && ms < HOPELESS_MS;
}

/** A refusal is one sentence for its cause, which any reader of JSON can read. */
function checkRefusal(error: unknown): void {
  if (!(error instanceof ForeverframeError)) throw error;
  expect(error.code).to.not.equal("FF_INTERNAL");
  expect(error.message.length, error.message).to.be.at.most(MAX_SENTENCE);
  expect(error.message, "half a character").to.not.match(/\p{Surrogate}/u);
}
