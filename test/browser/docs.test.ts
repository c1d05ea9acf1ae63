import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { publishJson } from "../support/raw-http.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { startTestServer } from "../support/test-server.ts";
import { describeInBrowser, shoot, textOf, untilText } from "./browsers.ts";

const text = readFileSync(new URL("../../docs/client.md", import.meta.url), "utf8");

/** The page below a heading of docs/client.md. */
function pageUnder(heading: string): string {
  const page = new RegExp(`^## ${heading}$[^]*?^\`\`\`html\n([^]*?)^\`\`\`$`, "m").exec(text)?.[1];
  if (page === undefined) throw new Error(`docs/client.md has no page under "${heading}"`);
  return page;
}

describeInBrowser("docs/client.md", (suite) => {
  for (const heading of ["A page as in 2008", "A page for today"]) {
    it(`has "${heading}", which works as it is`, async () => {
      const pages = createTemporaryDirectory();
      writeFileSync(join(pages, "panel.html"), pageUnder(heading));
      const server = await startTestServer({ pages });
      const page = await suite.newPage();
      await page.goto(`${server.url}/panel.html`);
      await untilText(page, "state", "open");
      await publishJson(server.url, "news", "<i>hello</i>");
      await untilText(page, "list", "news: ");
      expect(await textOf(page, "list")).to.contain("<i>hello</i>");
      await shoot(page, `${suite.kind.name}-${heading.replaceAll(" ", "-")}`);
      await page.click("#close");
      await untilText(page, "state", "closed");
      expect(server.hub.openStreams).to.equal(0);
    });
  }
});
