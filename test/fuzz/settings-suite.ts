import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { parseChannelName } from "../../src/core/channel-name.ts";
import { addressOf, forwardedMiddleware, parseProxies } from "../../src/http/forwarded.ts";
import { checkConfig, defaultConfig, parseConfig } from "../../src/settings/config.ts";
import { parseGearman } from "../../src/settings/gearman.ts";
import { parseRetention } from "../../src/settings/retention.ts";
import { SETTING_NAMES, variableOf } from "../../src/settings/settings.ts";
import { hostileText, jsonValue, nearly, oddText, selectorText } from "./arbitraries.ts";
import { attempt, type Runs } from "./attempt.ts";
import { createContext } from "./koa-context.ts";

/** Characters of a head. */
const MAX_HEAD = 32_000;

/** Of headers that say where a request comes from. */
const SEPARATORS = [",", ";", "=", '"', "for=", "[", "]", ":", ".", "1", " "];

const address = nearly(
  fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom("127.0.0.1", "::1", "::ffff:10.0.0.1", "::ffff:a00:1", "fe80::1%eth0"),
    fc.constantFrom(
      "::ffff:10.0.0.1%eth0",
      "unknown",
      "_hidden",
      "[::1]",
      "",
      "0x7f.1",
      "010.0.0.1",
    ),
  ),
);

const withPort = fc
  .tuple(address, fc.constantFrom("", ":80", ":", ":x"), fc.boolean())
  .map(([text, port, isBare]) => (isBare ? text : `[${text}]`) + port);

const forwarded = fc
  .array(
    nearly(
      fc
        .tuple(withPort, fc.constantFrom("for=", "For = ", 'for="', "host=", "host=x;for=", "by="))
        .map(([text, name]) => `${name}${text}${name.endsWith('"') ? '"' : ""};proto=http`),
    ),
  )
  .map((elements) => elements.join(", "));

const headersFor = (callers: string, element: string, host: string | null) => ({
  ...(callers === "" ? {} : { "x-forwarded-for": callers }),
  ...(element === "" ? {} : { forwarded: element }),
  ...(host === null ? {} : { "x-forwarded-host": host }),
});

/** Pass a request through the middleware. */
function pass(
  proxies: readonly string[],
  sender: string | undefined,
  headers: Readonly<Record<string, string>>,
): IncomingMessage {
  const context = createContext("/", headers);
  Object.defineProperty(context.req.socket, "remoteAddress", { value: sender });
  let isPassed = false;
  void forwardedMiddleware(parseProxies(proxies))(context as never, async () => {
    isPassed = true;
  });
  expect(isPassed).to.equal(true);
  return context.req;
}

/** What is held to what proxies say, and to settings. */
export function describeSettings({ light, heavy }: Runs): void {
  describe("what proxies say", () => {
    const callers = fc.array(withPort).map((list) => list.join(", "));

    it("gives every request an address or none, or refuses it", () => {
      const networks = fc.constantFrom(["0.0.0.0/0", "::/0"], ["127.0.0.1"], ["10.0.0.0/8", "::1"]);
      const senders = fc.constantFrom(
        "127.0.0.1",
        "::1",
        "::ffff:10.0.0.9",
        "192.0.2.1",
        undefined,
      );
      fc.assert(
        fc.property(
          fc.oneof(callers, oddText),
          fc.oneof(forwarded, oddText),
          fc.option(oddText),
          networks,
          senders,
          (list, element, host, proxies, sender) => {
            const headers = headersFor(list, element, host);
            const passed = attempt(() => pass(proxies, sender, headers));
            if (passed === null) {
              // Refused, as the two kinds of headers may name different callers
              expect([list, element]).to.not.include("");
              return;
            }
            const seen = addressOf(passed.value);
            if (seen !== null) expect(isIP(seen), `of "${seen}"`).to.be.above(0);
            if (sender !== "192.0.2.1" || proxies.length === 2) return;
            expect(seen).to.equal(sender);
            expect(passed.value.headers.host).to.equal("localhost");
          },
        ),
        {
          numRuns: light,
          examples: [["10.0.0.1, ::ffff:10.0.0.1%eth0", "", null, ["10.0.0.0/8", "::1"], "::1"]],
        },
      );
    });

    it("can't be changed by what a client has said before them", () => {
      fc.assert(
        fc.property(
          fc.oneof(callers, forwarded, oddText, hostileText(1_000, SEPARATORS)),
          fc.boolean(),
          (lie, isStandard) => {
            const headers = isStandard
              ? { forwarded: `${lie}, for=203.0.113.9;host=asked.example` }
              : { "x-forwarded-for": `${lie}, 203.0.113.9` };
            const request = pass(["127.0.0.0/8"], "127.0.0.1", headers);
            expect(addressOf(request)).to.equal("203.0.113.9");
            expect(request.headers.host).to.equal(isStandard ? "asked.example" : "localhost");
          },
        ),
        { numRuns: light },
      );
    });

    it("is read in no time, whatever it is", () => {
      fc.assert(
        fc.property(hostileText(MAX_HEAD, SEPARATORS), (text) => {
          for (const name of ["forwarded", "x-forwarded-for", "x-forwarded-host"])
            attempt(() => pass(["0.0.0.0/0", "::/0"], "127.0.0.1", { [name]: text }));
        }),
        { numRuns: light, endOnFailure: true },
      );
    });
  });

  describe("settings from outside", () => {
    const network = nearly(
      fc
        .tuple(address, fc.constantFrom("", "/0", "/8", "/32", "/128", "/129", "/", "/-1"))
        .map((parts) => parts.join("")),
    );

    it("trusted proxies that are taken can be looked up", () => {
      fc.assert(
        fc.property(fc.array(network, { maxLength: 3 }), (list) => {
          const proxies = attempt(() => parseProxies(list))?.value;
          expect(proxies?.check("192.0.2.1", "ipv4") ?? false).to.be.a("boolean");
          expect(proxies?.check("2001:db8::1", "ipv6") ?? false).to.be.a("boolean");
        }),
        { numRuns: light },
      );
    });

    it("are read from text as they would be checked, or refused in one sentence", () => {
      const text = fc.oneof(
        nearly(
          fc.constantFrom("1", "true", "0", "9999999", "a,b", "127.0.0.1", "https://x.example"),
        ),
        oddText,
      );
      const given = fc.dictionary(fc.constantFrom(...SETTING_NAMES), text, { maxKeys: 3 });
      const others = fc.dictionary(
        fc.oneof(
          fc.constantFrom(...SETTING_NAMES.map(variableOf)),
          nearly(fc.constant("FOREVERFRAME_X")),
        ),
        text,
        { maxKeys: 2 },
      );
      fc.assert(
        fc.property(given, others, (flags, environment) => {
          const taken = attempt(() => parseConfig(flags, environment));
          if (taken !== null) expect(checkConfig(taken.value)).to.deep.equal(taken.value);
        }),
        { numRuns: light },
      );
    });

    it("of a program are what they should be, or refused in one sentence", () => {
      const odd = fc.oneof(
        jsonValue,
        fc.constantFrom<unknown>(10n, Symbol("x"), Number.NaN, [undefined], () => 1),
        fc.constant(null).map(() => {
          const circle: unknown[] = [];
          circle.push(circle);
          return circle;
        }),
      );
      const given = fc.dictionary(
        fc.oneof(fc.constantFrom<string>(...SETTING_NAMES), oddText),
        odd,
        { maxKeys: 2 },
      );
      fc.assert(
        fc.property(given, (overrides) => {
          const taken = attempt(() => defaultConfig(overrides));
          if (taken !== null) expect(checkConfig(taken.value)).to.equal(taken.value);
        }),
        { numRuns: light, examples: [[{ maxStreams: 10n }]] },
      );
    });

    it("retention that is taken holds for what its selectors match", () => {
      const rule = nearly(
        fc
          .tuple(selectorText, fc.nat(), fc.nat(), fc.constantFrom("", "0", "0000000"))
          .map(([selector, messages, ms, more]) => `${selector}=${messages}/${ms}${more}`),
      );
      fc.assert(
        fc.property(fc.array(rule, { maxLength: 3 }), selectorText, (retention, channel) => {
          const settings = { retention, retainMessages: 7, retainMs: 8 };
          const taken = attempt(() => parseRetention(settings));
          if (taken === null) return;
          const { maxMessages, maxAgeMs } = taken.value.of(channel);
          expect(maxMessages).to.be.at.least(1);
          expect(maxAgeMs).to.be.at.least(1);
          expect(parseRetention(settings).fingerprint).to.equal(taken.value.fingerprint);
        }),
        { numRuns: light },
      );
    });

    it("job servers that are taken have an address, and a channel for each function", () => {
      const pair = nearly(selectorText.map((channel) => `getmsg=${channel}`));
      const server = nearly(fc.constantFrom("127.0.0.1:4730", "[::1]:4730", "host.example:1"));
      fc.assert(
        fc.property(server, fc.array(pair, { maxLength: 3 }), (gearman, gearmanFunction) => {
          const config = { ...defaultConfig(), gearman, gearmanFunction };
          for (const { host, port, job, channel } of attempt(() => parseGearman(config))?.value ??
            []) {
            expect(host).to.match(/^[^\s/[\]]+$/);
            expect(port).to.be.within(1, 65_535);
            expect(job).to.not.equal("");
            expect(parseChannelName(channel)).to.equal(channel);
          }
        }),
        { numRuns: light },
      );
    });

    it("are read in no time, whatever they are", () => {
      fc.assert(
        fc.property(
          hostileText(100_000, ["=", "/", "1", ":", "a", ".", "[", ",", "//"]),
          (text) => {
            attempt(() => parseProxies([text]));
            attempt(() => parseRetention({ retention: [text], retainMessages: 1, retainMs: 1 }));
            attempt(() =>
              parseGearman({ ...defaultConfig(), gearman: text, gearmanFunction: [text] }),
            );
            attempt(() => defaultConfig({ allowedHosts: [text] }));
            attempt(() => defaultConfig({ allowedOrigins: [text], host: text }));
          },
        ),
        { numRuns: heavy, endOnFailure: true },
      );
    });
  });
}
