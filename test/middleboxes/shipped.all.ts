import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { documentedRows } from "../support/middleboxes/matrix.ts";
import { describeMatrix } from "../support/middleboxes/matrix-suite.ts";
import { MIDDLEBOXES, SHIPPED_HAPROXY, SHIPPED_NGINX } from "../support/middleboxes/middleboxes.ts";
import { startShippedNginx } from "../support/middleboxes/shipped.ts";
import { describeShipped } from "../support/middleboxes/shipped-suite.ts";
import { stopNginx } from "../support/nginx.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describeShipped([SHIPPED_NGINX, SHIPPED_HAPROXY]);
describeMatrix([SHIPPED_NGINX, SHIPPED_HAPROXY]);

describe("docs/proxies.md", () => {
  afterEach(async () => {
    await stopNginx();
    removeTemporaryDirectories();
  });

  it("has one row for each middlebox and configuration that is measured, and no others", () => {
    const documented = documentedRows().map((row) => row.split(" | ").slice(0, 2).join(": "));
    const measured = MIDDLEBOXES.map((box) => `| ${box.name}: ${box.configuration}`);
    expect(documented).to.deep.equal(measured);
  });

  it("links to each file in deploy/proxies/", () => {
    const files = readdirSync(new URL("../../deploy/proxies/", import.meta.url));
    const links = textOf("docs/proxies.md").matchAll(/\]\(\.\.\/deploy\/proxies\/([^)]+)\)/g);
    expect(Array.from(links, ([, file]) => file)).to.have.members(files);
  });

  it("has nginx tell an EventSource to come back while the server is away", async () => {
    const proxy = await startShippedNginx("127.0.0.1:9", "http");
    const headers = { Accept: "text/event-stream" };
    const answer = await fetch(`${proxy}/stream?channels=a`, { headers });
    const { status } = await fetch(`${proxy}/stream?channels=a`);
    expect([answer.status, await answer.text(), status]).to.deep.equal([
      200,
      "retry: 3000\n\n",
      502,
    ]);
  });
});
