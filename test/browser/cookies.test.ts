import { expect } from "chai";
import type { Page } from "puppeteer-core";
import type { ChannelSummary } from "../../src/core/summaries.ts";
import type { RunningServer } from "../../src/server.ts";
import { ask } from "../support/request.ts";
import { startTestServer } from "../support/test-server.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

const RIGHTS = { subscribe: ["**"], publish: ["**"], admin: true };

describeInBrowsers("a browser that has signed in", (suite) => {
  let page: Page;
  let file: SecretFile;
  let server: RunningServer;

  beforeEach(async () => {
    page = await suite.newPage();
    file = createSecretFile();
    server = await startTestServer({ pages: TEST_PAGES, secretFile: file.path, jsonp: true });
    // As of an application that has never thought of SameSite.
    await suite.browser.setCookie({
      name: "foreverframe_token",
      value: await signToken({ sub: "alice", foreverframe: RIGHTS }, file.secret),
      domain: new URL(server.url).hostname,
      path: "/",
      httpOnly: true,
    });
  });
  afterEach(async () => {
    await suite.browser.deleteCookie(...(await suite.browser.cookies()));
  });

  const seen = async () => {
    const headers = bearer(server.adminToken);
    const streams = (await ask(server.url, "GET", "/streams", { headers })).json.total;
    const listed = (await ask(server.url, "GET", "/channels", { headers })).json.channels;
    // Not the rate of a channel, which falls by itself.
    const channels = listed.map(({ channel, messages, last }: ChannelSummary) => [
      channel,
      messages,
      last,
    ]);
    return { streams, channels };
  };
  const goTo = async (name: string) => {
    const others = await startTestServer({ pages: TEST_PAGES, allowedHosts: [name] });
    await page.goto(`http://${name}:${new URL(others.url).port}/client.html`);
  };

  /** Everything by which a page can have a browser call another site. */
  const attack = (policy: string) => `(async () => {
    const url = ${JSON.stringify(server.url)};
    const heard = [];
    window.push = window.take = (event) => heard.push(event);
    window.onmessage = ({ data }) => heard.push(data);
    const add = (tag, attributes) => {
      const element = Object.assign(document.createElement(tag), attributes);
      element.referrerPolicy = ${JSON.stringify(policy)};
      document.body.append(element);
      return element;
    };
    const stream = url + "/stream?channels=secret&last=10";
    add("img", { src: stream });
    add("script", { src: stream + "&transport=poll&wait=0&callback=take" });
    add("iframe", { src: stream });
    add("iframe", { src: stream + "&origin=" + encodeURIComponent(location.origin) });
    add("iframe", { src: url + "/control?stream=n1.x" });
    add("iframe", { src: url + "/doors.html" });
    add("link", { rel: "stylesheet", href: stream });
    for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      for (const path of ["/channels/forged/messages", "/close", "/channels/secret/close"]) {
        const name = "f" + Math.random();
        add("iframe", { name });
        const form = add("form", { method: "post", action: url + path, target: name, enctype });
        form.append(Object.assign(document.createElement("input"), { name: "msg", value: "1" }));
        form.submit();
      }
    }
    const credentials = "include";
    const referrerPolicy = ${JSON.stringify(policy)};
    for (const mode of ["no-cors", "cors"]) {
      const options = { credentials, mode, referrerPolicy };
      for (const [path, more] of [
        ["/channels/forged/messages", { method: "POST", body: "1" }],
        ["/tickets", { method: "POST", body: '{"channels":"**"}' }],
        ["/revocations", { method: "POST", body: '{"sub":"alice"}' }],
        ["/stream?transport=poll&wait=0&channels=secret&last=10", {}],
        ["/streams", {}],
        ["/channels/secret/messages", {}],
      ])
        await fetch(url + path, { ...options, ...more })
          .then((answer) => answer.text())
          .then((text) => text && heard.push(text), () => {});
    }
    navigator.sendBeacon(url + "/channels/forged/messages", "1");
    const events = new EventSource(stream + "&transport=sse", { withCredentials: true });
    events.onmessage = (event) => heard.push(event.data);
    const socket = new WebSocket(stream.replace("http", "ws"));
    socket.onmessage = (event) => heard.push(event.data);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    events.close();
    socket.close();
    return heard.map((event) => typeof event === "string" ? event : JSON.stringify(event));
  })()`;

  for (const policy of ["unsafe-url", "no-referrer"]) {
    it(`gives a page of another site nothing, and lets it change nothing (${policy})`, async () => {
      const token = await signToken({ foreverframe: RIGHTS }, file.secret);
      await ask(server.url, "POST", "/channels/secret/messages", {
        headers: { "Content-Type": "application/json", ...bearer(token) },
        body: '"the secret"',
      });
      const { channels } = await seen();
      await goTo("evil.example");
      const heard = (await page.evaluate(attack(policy))) as readonly string[];
      expect(heard.filter((event) => /secret|"type":"open"|ticket"/.test(event))).to.deep.equal([]);
      await eventually(3_000, async () => (await seen()).streams === 0, "no stream");
      expect((await seen()).channels).to.deep.equal(channels);
      // The session goes on.
      await page.goto(`${server.url}/client.html`);
      const stream = await PageStream.open(page, { channels: "secret", last: 1 });
      await stream.untilMessages(1);
    });
  }

  it("streams in its own page that sends no Referer, and closes", async () => {
    await page.goto(`${server.url}/client.html`);
    await page.evaluate(`document.head.append(
      Object.assign(document.createElement("meta"), { name: "referrer", content: "no-referrer" }))`);
    for (const transport of ["frame", "poll"] as const) {
      const stream = await PageStream.open(page, { channels: "news", transport });
      await stream.untilOpenBy(transport);
      await stream.close();
      await stream.untilState("closed");
      await eventually(3_000, () => server.hub.openStreams === 0, `the end by ${transport}`);
    }
  });

  it("gives a sandboxed frame in its own page nothing", async () => {
    await page.goto(`${server.url}/client.html`);
    const heard = await page.evaluate(`new Promise((resolve) => {
      const heard = [];
      window.onmessage = ({ data }) => heard.push(data);
      const script = 'const tell = (text) => parent.postMessage(text, "*");' +
        'const url = ${JSON.stringify("URL")};' +
        'fetch(url + "/channels/forged/messages", { method: "POST", body: "1", mode: "no-cors", credentials: "include" }).then(() => {}, () => {});' +
        'fetch(url + "/stream?transport=poll&wait=0&channels=a", { credentials: "include" }).then((a) => a.text()).then(tell, () => tell("refused"));';
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts allow-forms";
      frame.srcdoc = "<script>" + script.replaceAll("URL", ${JSON.stringify("")} + location.origin) + "</" + "script>";
      document.body.append(frame);
      setTimeout(() => resolve(heard), 1500);
    })`);
    expect(heard).to.deep.equal(["refused"]);
    expect((await seen()).channels).to.deep.equal([]);
  });
});
