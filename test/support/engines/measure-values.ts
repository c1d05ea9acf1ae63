import { expect } from "chai";
import { publishRaw } from "../request.ts";
import { startTestServer } from "../test-server.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

const nest = (depth: number, open: string, inner: string, close: string) =>
  open.repeat(depth) + inner + close.repeat(depth);

/** Bodies of messages, as JSON, that an engine, script or parser could take for something else. */
const VALUES: readonly string[] = [
  JSON.stringify("</script><script>alert(1)</script>"),
  JSON.stringify("<!--<script>-->]]>"),
  JSON.stringify("a\u2028b\u2029c"),
  '"a\u2028b\u2029c"',
  '"\u{1f600}\u{1f389}\u{1f469}\u200d\u{1f467}"',
  '"\\ud800 x \\udc00"',
  '"a\\u0000b"',
  '"\\u0001\\u0007\\u000b\\u001f\\u007f\\u0085\\u00a0\\u00ad"',
  '"\\ufeff\\ufffe\\uffff\\u200b\\u202e"',
  JSON.stringify("\r\n\t\\\"'`\u0024{x}&amp;&lt;%41"),
  JSON.stringify("x".repeat(60_000)),
  JSON.stringify("<".repeat(10_000)),
  JSON.stringify("\u20ac".repeat(20_000)),
  "[9007199254740993,12345678901234567890,1.7976931348623157e308,5e-324,0.1,1e21,1e-7]",
  nest(100, "[", "", "]"),
  nest(100, '{"a":', "1", "}"),
  '{"constructor":1,"toString":2,"hasOwnProperty":3,"length":5,"":6,"class":7,"default":8,"a b":9,"\\u2028":10,"1":11}',
  "null",
  "true",
  '""',
  "0",
  "[]",
  "{}",
  '{"a":["</script>","\\u2028","\\ud800",null,{"b":"<!--"}]}',
];

/** Values arrive equal to what was published, in a frame and by polls. */
export const measureValues: Measure = async ({ engine, size }) => {
  const server = await startTestServer();
  const transports = size === "whole" ? ["frame", "poll"] : ["frame"];
  for (const transport of transports) {
    const url = `${server.url}/?channel=${transport}&transport=${transport}`;
    const page = await TrialPage.open(engine, url);
    await page.untilOpenBy(transport);
    const answer = await publishRaw(
      server.url,
      transport,
      "application/x-ndjson",
      VALUES.join("\n"),
    );
    expect(answer.status, answer.text).to.equal(201);
    await page.untilCount(VALUES.length);
    const shown = await page.column("messages", 2);
    for (const [i, json] of VALUES.entries()) {
      const value: unknown = JSON.parse(json);
      // The page shows a text as it is, and anything else as JSON.
      const arrived: unknown = typeof value === "string" ? shown[i] : JSON.parse(shown[i] ?? "");
      // Not by chai, which would describe it, in a minute.
      const isEqual = JSON.stringify(arrived) === JSON.stringify(value);
      if (!isEqual && sorted(arrived) !== sorted(value))
        expect.fail(`by ${transport}, ${json.slice(0, 200)} became ${shown[i]?.slice(0, 200)}`);
    }
  }
  return "equal";
};

/** A value as JSON with the members of a flat object in order: old engines keep another one. */
function sorted(value: unknown): string {
  return JSON.stringify(Object.entries(Object(value)).sort());
}
