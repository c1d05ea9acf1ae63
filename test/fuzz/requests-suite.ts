import { expect } from "chai";
import fc from "fast-check";
import { Revocations } from "../../src/core/revocations.ts";
import { AdminToken } from "../../src/http/admin-token.ts";
import { Authorization } from "../../src/http/authorization.ts";
import type { Carrier } from "../../src/http/connection/carrier.ts";
import { setCarrier } from "../../src/http/connection/carriers.ts";
import { isUpgrade } from "../../src/http/connection/upgrades.ts";
import { Guesses } from "../../src/http/guesses.ts";
import { jsonpCallback } from "../../src/http/jsonp.ts";
import { addParameters, numberParameter, parameter } from "../../src/http/parameters.ts";
import { requestedTransport } from "../../src/http/requested-transport.ts";
import { continueEventSource, parseStreamRequest } from "../../src/http/stream-request.ts";
import { hostileLine, nearly, oddText, selectorText } from "./arbitraries.ts";
import { attempt, attemptLater, type Runs } from "./attempt.ts";
import { createContext } from "./koa-context.ts";

const MAX_SELECTORS = 64;

/** What is read of a head goes up to here, in characters. */
const MAX_LINE = 32_000;

const NAMES = "channels transport callback after last client takeover earlier origin".split(" ");

const value = fc.oneof(
  selectorText.map(encodeOdd),
  oddText.map(encodeOdd),
  fc.constantFrom(..."poll ws sse ndjson frame earliest 1 0 f parent.push ? %3f %".split(" ")),
);

const query = nearly(
  fc
    .array(fc.tuple(fc.constantFrom(...NAMES, "x", "?"), fc.option(value)), { maxLength: 6 })
    .map((pairs) => pairs.map((pair) => pair.filter((part) => part !== null).join("=")).join("&")),
).map((text) => text.replace(/[^\x21-\x7e]/g, "+"));

function encodeOdd(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

function contextOf(url: string, headers: Readonly<Record<string, string>> = {}) {
  const context = createContext(url, headers);
  setCarrier(context.req, { isGone: false } as Carrier);
  return context;
}

/** What is held to the parameters of requests. */
export function describeRequests({ light }: Runs): void {
  describe("parameters from outside", () => {
    it("a parameter that is taken is what URLSearchParams sees", () => {
      fc.assert(
        fc.property(query, fc.constantFrom(...NAMES), (text, name) => {
          const taken = attempt(() => parameter(contextOf(`/stream?${text}`), name));
          if (taken === null) return;
          // Koa takes a "#" and what is behind it off, as a browser does before it sends a URL.
          const others = new URLSearchParams(text.replace(/#.*/, "")).getAll(name);
          expect(others.length).to.be.at.most(1);
          expect(taken.value).to.equal(others[0] || null);
        }),
        { numRuns: light },
      );
    });

    it("a form gives what a query gives, but not in the place of the query's", () => {
      fc.assert(
        fc.property(query, query, fc.constantFrom(...NAMES), (text, form, name) => {
          const context = contextOf(`/stream?${text}`);
          const taken = attempt(() => {
            addParameters(context, form);
            return parameter(context, name);
          });
          if (taken === null) return;
          const isInQuery = new URLSearchParams(text.replace(/#.*/, "")).has(name);
          const seen = attempt(() =>
            parameter(contextOf(`/stream?${isInQuery ? text : form.replaceAll("#", "%23")}`), name),
          );
          expect(taken.value).to.equal(seen?.value);
        }),
        { numRuns: light },
      );
    });

    it("a request for a stream that is taken keeps to every limit", () => {
      fc.assert(
        fc.property(query, fc.option(oddText), (text, last) => {
          const context = contextOf(
            `/stream?channels=a&${text}`,
            last === null ? {} : { "last-event-id": last },
          );
          attempt(() => [requestedTransport(context), isUpgrade(context.req)]);
          const taken = attempt(() => parseStreamRequest(context, MAX_SELECTORS));
          if (taken === null) return;
          const { selectors, start, client, takesOverFrom } = taken.value;
          expect(selectors.selectors.length).to.be.within(1, MAX_SELECTORS);
          if (start.from === "last") expect(start.count).to.be.within(0, 1_000);
          if (start.from === "each") expect(start.count).to.be.within(0, 100);
          if (takesOverFrom !== null) expect(client).to.not.equal(null);
          attempt(() => continueEventSource(context, taken.value));
        }),
        { numRuns: light },
      );
    });

    it("a number that is taken is a whole one in its range", () => {
      const digits = nearly(fc.oneof(fc.nat().map(String), fc.bigInt().map(String)));
      fc.assert(
        fc.property(digits, (text) => {
          const context = contextOf(`/?n=${encodeOdd(text)}`);
          const taken = attempt(() => numberParameter(context, "n", 3, 1_000));
          if (taken === null || taken.value === null) return;
          expect(taken.value).to.be.within(3, 1_000);
          expect(Number.isInteger(taken.value)).to.equal(true);
        }),
        { numRuns: light },
      );
    });

    it("a script is never made for a token in a cookie", async () => {
      const authorization = new Authorization({
        authorize: () => true,
        adminToken: new AdminToken("x".repeat(22)),
        userHeader: "",
        hub: {
          takeTicket: async () => null,
          revocations: new Revocations({ revocations: async () => [] }, Date.now),
        },
        guesses: new Guesses({ perSecond: 1, atOnce: Number.POSITIVE_INFINITY }, () => 0),
        now: Date.now,
      });
      const question = { action: "subscribe", channels: ["a"], client: null } as const;
      await fc.assert(
        fc.asyncProperty(query, async (text) => {
          const url = `/stream?${text}`;
          const context = contextOf(url, { cookie: "foreverframe_token=x", referer: "http://x/" });
          if ((await attemptLater(() => authorization.check(context, question))) === null) return;
          const isRefused = attempt(() => parameter(context, "transport")) === null;
          if (!isRefused) expect(jsonpCallback(context, true)).to.equal(null);
        }),
        {
          numRuns: light,
          examples: [["x=?&channels=a&transport=poll&callback=heard"]],
        },
      );
    });

    it("are read in no time, whatever they are", () => {
      fc.assert(
        fc.property(
          hostileLine(MAX_LINE, ["&", "=", "channels", "%", "?", ",", "a"]),
          fc.constantFrom("", "channels="),
          (text, before) => {
            const context = contextOf(`/stream?${before}${text}`, { accept: text });
            attempt(() => requestedTransport(context));
            attempt(() => isUpgrade(context.req));
            attempt(() => parseStreamRequest(context, MAX_SELECTORS));
            attempt(() => addParameters(context, text));
            attempt(() => parseStreamRequest(context, MAX_SELECTORS));
          },
        ),
        { numRuns: light, endOnFailure: true },
      );
    });
  });
}
