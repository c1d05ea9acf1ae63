import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { expect } from "chai";

const client = readFileSync(new URL("../../static/foreverframe.js", import.meta.url), "utf8");

/**
 * The addresses of the frames that the client makes in a page of a browser which is not there for
 * these tests.
 */
function framesOf(pageUrl: string, serverUrl: string, hostOf: (url: URL) => string) {
  const frames: string[] = [];
  const link = (url: URL) => ({ href: url.href, protocol: url.protocol, host: hostOf(url) });
  const createElement = (name: string) => {
    if (name !== "a") return { style: {}, addEventListener() {} };
    let resolved = new URL(pageUrl);
    return {
      set href(url: string) {
        resolved = new URL(url, pageUrl);
      },
      get href() {
        return resolved.href;
      },
      get protocol() {
        return resolved.protocol;
      },
      get host() {
        return hostOf(resolved);
      },
    };
  };
  const window: Record<string, unknown> = {
    document: {
      readyState: "complete",
      createElement,
      addEventListener() {},
      body: { appendChild: ({ src }: { src: string }) => frames.push(src) },
    },
    // Of the page itself the host has its port in every browser.
    location: { ...link(new URL(pageUrl)), host: new URL(pageUrl).host },
    addEventListener() {},
    clearInterval() {},
    clearTimeout() {},
    setInterval: () => 0,
    setTimeout: (run: () => void, ms: number) => void (ms === 0 && run()),
  };
  window["window"] = window;
  runInContext(client, createContext(window));
  const { open } = window["foreverframe"] as { open(options: object): void };
  open({ channels: "news", url: serverUrl });
  return frames;
}

// This stands in for KHTML, which npm test does not run, with servers that a test can't be: a
// link's host lacks the port that the page's host has.
describe("the client where a link's host lacks its port, as in KHTML", () => {
  const page = "http://panel.example:8080/pages/panel.html";
  const withoutPort = (url: URL) => url.hostname;

  for (const server of ["", "/", "/push/", "../", "http://panel.example:8080/"]) {
    it(`takes "${server}" for the page's own server`, () => {
      const [frame] = framesOf(page, server, withoutPort);
      expect(frame).to.include("callback=parent.foreverframe.push").and.not.include("origin=");
    });
  }

  for (const server of [
    "http://panel.example:8081/",
    "//panel.example/",
    "http://other.example/",
  ]) {
    it(`takes "${server}" for another server`, () => {
      const [frame] = framesOf(page, server, withoutPort);
      expect(frame).to.include(`origin=${encodeURIComponent("http://panel.example:8080")}`);
    });
  }
});

describe("the client where a link's host has the port of its scheme, as in IE", () => {
  it("takes the page's own server for its own", () => {
    const hostOf = ({ host, port }: URL) => (port === "" ? `${host}:80` : host);
    const [frame] = framesOf("http://panel.example/panel.html", "/", hostOf);
    expect(frame).to.include("callback=").and.not.include("origin=");
  });
});
