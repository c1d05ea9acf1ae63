import { expect } from "chai";
import { Past } from "../../src/core/past.ts";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { Tally } from "../../src/core/tally.ts";
import { ForeverframeError } from "../../src/errors.ts";
import { RefusalLog } from "../../src/http/refusal-log.ts";

describe("RefusalLog", () => {
  it("tells once a minute how many requests were refused, by code, and nothing in a quiet one", () => {
    const lines: unknown[] = [];
    const waiting: (() => void)[] = [];
    const scheduler = {
      monotonicMs: () => 0,
      unixMs: () => 0,
      nextTurn: async () => {},
      every: () => () => {},
      after: (_ms: number, run: () => void) => void waiting.push(run),
    };
    const note = () => {};
    const info = (about: object) => void lines.push(about);
    const logger = { debug: note, warn: note, error: note, info };
    const tally = new Tally();
    const log = new RefusalLog({ tally, past: new Past(() => 0), logger, scheduler });
    const refuse = (code: "FF_FORBIDDEN" | "FF_TOKEN_MISSING") => {
      const error = new ForeverframeError(code, "no");
      log.note(error, error, { route: "GET /stream", client: null, address: null });
    };
    for (let n = 0; n < 1_000; n++) refuse("FF_FORBIDDEN");
    refuse("FF_TOKEN_MISSING");
    expect(lines).to.deep.equal([]);
    for (const run of waiting.splice(0)) run();
    expect(lines).to.deep.equal([{ refused: { FF_FORBIDDEN: 1_000, FF_TOKEN_MISSING: 1 } }]);
    expect(waiting).to.deep.equal([]);
    refuse("FF_TOKEN_MISSING");
    for (const run of waiting.splice(0)) run();
    expect(lines[1]).to.deep.equal({ refused: { FF_TOKEN_MISSING: 1 } });
    expect(tally.figures().refused).to.deep.equal({ FF_FORBIDDEN: 1_000, FF_TOKEN_MISSING: 2 });
  });

  it("has no id of a stream in its lines, and the reasons of other refusals", () => {
    const lines: string[] = [];
    const log = (about: object) => void lines.push(JSON.stringify(about));
    const logger = { debug: log, warn: log, error: log, info: log };
    const scheduler = { monotonicMs: () => 0, after: () => {} } as unknown as Scheduler;
    const past = new Past(() => 0);
    const refusals = new RefusalLog({ tally: new Tally(), past, logger, scheduler });
    for (const code of ["FF_STREAM_UNKNOWN", "FF_FORBIDDEN"] as const) {
      const error = new ForeverframeError(code, `The reason of ${code}`);
      refusals.note(error, error, { route: "POST /streams", client: null, address: null });
    }
    expect(lines[0]).to.include("FF_STREAM_UNKNOWN").and.not.include("reason");
    expect(lines[1]).to.include("The reason of FF_FORBIDDEN");
  });
});
