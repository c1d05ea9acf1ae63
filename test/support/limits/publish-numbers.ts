import { expect } from "chai";

/**
 * Publish messages that limits.html expects, all at once.
 *
 * @param from how many it has had
 * @param text makes each of them larger
 */
export async function publishNumbers(
  url: string,
  from: number,
  count: number,
  text = "",
): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ n: from + i, text }));
  const { status } = await fetch(`${url}/channels/news/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  expect(status, "a publish").to.equal(201);
}
