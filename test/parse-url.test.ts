import { expect } from "chai";
import { parseUrl } from "../src/parse-url.ts";

describe("parseUrl", () => {
  it("takes what new URL takes, and nothing else, however often it was called", () => {
    for (let n = 0; n < 100_000; n++) parseUrl("http://localhost");
    expect(parseUrl("http://localhost:1/a")?.origin).to.equal("http://localhost:1");
    expect(parseUrl("http://a\u00ad")?.host).to.equal("a");
    for (const none of ["", "/a", "http://[::1/", "http://localhos\u00cc\u0081"])
      expect(parseUrl(none), none).to.equal(null);
  });
});
