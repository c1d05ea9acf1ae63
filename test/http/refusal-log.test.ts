import { expect } from "chai";
import { Past } from "../../src/core/past.ts";
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
});
