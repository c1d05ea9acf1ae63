import { expect } from "chai";
import fc from "fast-check";
import { formatParsedJson, parseJsonText } from "../../src/core/json.ts";
import { MemoryBudget } from "../../src/core/memory-budget.ts";
import { TurnBudget } from "../../src/core/turn-budget.ts";
import { createPublishReader, type PublishBody } from "../../src/http/publish-body.ts";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import { dataOfWorkload } from "../../src/sources/gearman/job-data.ts";
import { hostileText, jsonText, nearly, oddBytes, oddText } from "./arbitraries.ts";
import { attempt, attemptLater, type Runs } from "./attempt.ts";
import { createContextWithBody } from "./koa-context.ts";

const LIMITS = {
  maxMessageBytes: 262_144, // four times the default
  maxBatchBytes: 4_194_304,
  maxBatchMessages: 5_000,
  maxPublishChannels: 2_000,
};

const read = createPublishReader(LIMITS, {
  budget: new MemoryBudget(134_217_728),
  turns: new TurnBudget(nodeScheduler, 4),
  largeTurns: new TurnBudget(nodeScheduler, 4),
});

const readAs = (type: string, body: string | Buffer): Promise<PublishBody> =>
  read(createContextWithBody("/channels/a/messages", type, Buffer.from(body)));

const JSON_BODY = "application/json";
const TEXT_BODY = "text/plain";
const FORM_BODY = "application/x-www-form-urlencoded";
const BATCH_BODY = "application/x-ndjson";

/** Members that a script would lose, and texts that end it or a line of it. */
const DANGEROUS = /[<>&\u2028\u2029\r\n]/;

/** What a script makes of it. */
const evaluated = (json: string): unknown => new Function(`return ${json}`)();

const formText = nearly(
  fc
    .array(fc.constantFrom("msg=1", "msg=", "a=1", "a=2", "a", "=b", "__proto__=1", "%C3%A9=+%2B"))
    .map((pairs) => pairs.join("&")),
);

/** What is held to bodies of publishes, and to jobs of a job server. */
export function describeBodies({ light, heavy }: Runs): void {
  describe("bodies from outside", () => {
    it("JSON that is taken means the same in a script", () => {
      fc.assert(
        fc.property(nearly(jsonText), (text) => {
          const taken = attempt(() => parseJsonText(text, "It"));
          if (taken === null) return;
          expect(taken.value).to.not.match(DANGEROUS);
          expect(JSON.parse(taken.value)).to.deep.equal(JSON.parse(text));
          expect(evaluated(taken.value)).to.deep.equal(JSON.parse(text));
          expect(parseJsonText(taken.value, "It")).to.equal(taken.value);
          expect(evaluated(formatParsedJson(JSON.parse(text)))).to.deep.equal(JSON.parse(text));
        }),
        {
          numRuns: light,
          examples: [['{"a":{"__proto__":1,"__proto__":2},"a":3}'], ["\u{1f6aa}[]"]],
        },
      );
    });

    it("text arrives as it is", async () => {
      await fc.assert(
        fc.asyncProperty(oddBytes, async (bytes) => {
          const taken = await attemptLater(() => readAs(TEXT_BODY, bytes));
          if (taken === null) return;
          const [data = ""] = taken.value.data;
          expect(data).to.not.match(DANGEROUS);
          const text = bytes.toString().replace(/^\ufeff/, "");
          expect(JSON.parse(data)).to.equal(text);
        }),
        { numRuns: light },
      );
    });

    it("a form that is taken has the fields that a browser would see in it", async () => {
      await fc.assert(
        fc.asyncProperty(formText, async (text) => {
          const taken = await attemptLater(() => readAs(FORM_BODY, text));
          if (taken === null || /^\s*[{[]/.test(text)) return;
          const data: unknown = JSON.parse(taken.value.data[0] ?? "");
          const fields = new URLSearchParams(
            Buffer.from(text)
              .toString()
              .replace(/^\ufeff/, ""),
          );
          if (fields.has("msg")) expect(data).to.equal(fields.get("msg"));
          else expect(Object.keys(data as object)).to.have.members([...new Set(fields.keys())]);
        }),
        { numRuns: light },
      );
    });

    it("a batch that is taken has a message for each line", async () => {
      const line = nearly(jsonText).map((text) =>
        Buffer.from(text.replaceAll("\n", " ")).toString(),
      );
      const lines = fc.array(line);
      await fc.assert(
        fc.asyncProperty(lines, fc.constantFrom("\n", "\r\n", "\n\n"), async (values, end) => {
          const taken = await attemptLater(() => readAs(BATCH_BODY, values.join(end)));
          if (taken === null) return;
          const wanted = values.filter((value) => value.trim() !== "");
          expect(taken.value.data.map((data) => JSON.parse(data))).to.deep.equal(
            wanted.map((value) => JSON.parse(value.trim())),
          );
        }),
        { numRuns: light },
      );
    });

    it("a workload is always data: JSON, text, or base64", () => {
      const workload = fc.oneof(
        oddBytes,
        nearly(jsonText).map((text) => Buffer.from(text)),
      );
      fc.assert(
        fc.property(workload, (bytes) => {
          const taken = attempt(() => dataOfWorkload(bytes));
          const data = taken?.value ?? "";
          expect(data).to.not.match(DANGEROUS);
          const value = evaluated(data);
          expect(value).to.deep.equal(JSON.parse(data));
          if (typeof value !== "object" || value === null || !("base64" in value)) return;
          expect(Buffer.from(String(value.base64), "base64").equals(bytes)).to.equal(true);
        }),
        { numRuns: light },
      );
    });

    for (const [type, size, own] of [
      [JSON_BODY, LIMITS.maxMessageBytes, ["[", "{", '"', "\\", ",", "1", " ", '{"a":']],
      [TEXT_BODY, LIMITS.maxMessageBytes, ["<", "&", ">", "\u2028", "a"]],
      [FORM_BODY, LIMITS.maxMessageBytes, ["&", "=", "%41", "+", "msg", "{", '"', " "]],
      [BATCH_BODY, LIMITS.maxBatchBytes, ["\n", "\r", "1", "[", "{", '"', " "]],
    ] as const) {
      it(`${type} is read in no time, whatever it is`, async () => {
        const body = fc.oneof(
          hostileText(size, own),
          fc
            .constantFrom(" ", "\t\r\n")
            .map((space) => `[${space.repeat(Math.floor((size - 2) / space.length))}]`),
          // So that it is JSON, mostly
          fc
            .tuple(nearly(jsonText), fc.constantFrom(",", " ,\n", "\n"), fc.constantFrom("[]", ""))
            .map(([value, between, [open = "", close = ""]]) => {
              const count = Math.floor((size - 2) / (value.length + between.length));
              return `${open}${Array.from({ length: count }, () => value).join(between)}${close}`;
            }),
          fc.tuple(fc.constantFrom('"', '{"a":"'), oddText, oddText).map(([open, part, end]) => {
            const json = JSON.stringify(part).slice(1, -1);
            return `${open}${json.repeat(size / (json.length + 9))}${open === '"' ? '"' : '"}'}${end}`;
          }),
        );
        await fc.assert(
          fc.asyncProperty(body, async (text) => {
            await attemptLater(() => readAs(type, text.slice(0, size)));
          }),
          { numRuns: heavy, endOnFailure: true },
        );
      });
    }
  });
}
