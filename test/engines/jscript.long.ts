import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";
import type { RunningServer } from "../../src/server.ts";
import { JScript } from "../support/jscript/jscript.ts";
import { publishRaw } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const STATIC = new URL("../../static/", import.meta.url);
const CLIENT = readFileSync(new URL("foreverframe.js", STATIC), "utf8");

/** A frame comes whole here, so it has to end soon, in ms. */
const RECYCLE_MS = 300;

/**
 * Browsers of the time, as createWindow takes them, and where each has its frames. None has JSON.
 */
const BROWSERS = [
  ["IE 6", '{ request: "ActiveX", htmlfile: "whole" }', "htmlfile"],
  ["IE 7", '{ request: "native", htmlfile: "whole" }', "htmlfile"],
  ["IE 7 without ActiveX", '{ request: "native", htmlfile: "denied" }', "page"],
] as const;
const [[, IE6]] = BROWSERS;

/** The states of a stream that is opened, and then closed by its page. */
const CLOSED = ["connecting", "open", "closing", "closed client"];

/** Values as JSON: each is a script in a frame, and an expression in a poll. */
const VALUES = [
  ...[
    '"</script><script>alert(1)</script>"',
    '"a\\u2028b\\u2029c"',
    '"\\ud83d\\ude00"',
    '"a\\u0000b"',
  ],
  ...['"\\ufeff\\u200b\\ufffe"', '"\\r\\n\\t\\\\\\"\'"', "[123456789012345,-1.5,0,1e21,1e-7]"],
  ...[
    '{"constructor":1,"toString":2,"class":7,"default":8,"":6,"1":11}',
    "null",
    "true",
    '""',
    "[]",
  ],
  ...['{"a":["</script>",null,{"b":"<!--"}]}', `"${"x".repeat(60_000)}"`],
];

describe("the client in JScript 5.8", function () {
  this.timeout(120_000);
  let engine: JScript;
  let server: RunningServer;

  before(async () => {
    engine = await JScript.start();
  });
  beforeEach(async () => {
    server = await startTestServer({ recycleMs: RECYCLE_MS });
  });
  afterEach(stopServers);
  after(removeTemporaryDirectories);

  const run = (scenario: string) => engine.run(server.url, CLIENT, scenario);
  const publishValues = async () => {
    for (const json of VALUES) await publishRaw(server.url, "news", "application/json", json);
    return VALUES.map((json) => JSON.parse(json) as unknown);
  };

  it("parses each script of the pages", async () => {
    const names = readdirSync(STATIC).filter((file) => file.endsWith(".js"));
    const parse = (name: string) => {
      const script = JSON.stringify(readFileSync(new URL(name, STATIC), "utf8"));
      return `new Function(${script}); tell("${name}");`;
    };
    expect(names).to.include("foreverframe.js");
    expect(await run(names.map(parse).join("\n"))).to.deep.equal(names);
  });

  it("gives a page one name, and no other", async () => {
    const [names] = await run(`
      var page = createWindow(${IE6});
      var before = {};
      var names = [];
      var name;
      for (name in page) before[name] = true;
      runIn(page, CLIENT);
      for (name in page) if (!before[name]) names.push(name);
      tell(names);`);
    expect(names).to.deep.equal(["foreverframe"]);
  });

  for (const [name, browser, home] of BROWSERS) {
    it(`takes values of all kinds through frames that are recycled, in ${name}`, async () => {
      const values = await publishValues();
      const [data, states, nodes, left, thrown] = await run(`
        var page = createPage(${browser});
        var kept = record(page, { channels: "news", after: "earliest", client: "ie 6" });
        pass(12);
        publish("news", '"later"');
        pass(12);
        tell(kept.data);
        tell(kept.states.slice(0, 4));
        tell(countNodes(page));
        page.fire("onunload");
        pass(100);
        tell(countNodes(page));
        tell(thrown);`);
      expect(data).to.deep.equal([...values, "later"]);
      expect(states).to.deep.equal(["connecting", "open", "connecting recycle", "open"]);
      expect(nodes, "the frame is").to.deep.equal(home === "htmlfile" ? [0, 1] : [1, -1]);
      expect(left).to.deep.equal(home === "htmlfile" ? [0, 0] : [0, -1]);
      expect(thrown).to.deep.equal([]);
    });

    it(`is closed by a request, and removes its frame, in ${name}`, async () => {
      const [states, ends, nodes, requests, thrown] = await run(`
        var page = createPage(${browser});
        var kept = record(page, { channels: "news" });
        isEnding = false;
        pass(20);
        kept.stream.close();
        pass(5000);
        tell(kept.states);
        tell(kept.ends);
        tell(countNodes(page));
        tell(asked.slice(1));
        tell(thrown);`);
      expect(states).to.deep.equal(CLOSED);
      expect(ends).to.deep.equal(["client"]);
      expect(nodes).to.deep.equal(home === "htmlfile" ? [0, 0] : [0, -1]);
      expect(String(requests)).to.match(/^POST \/streams\/[\w.-]+\/close$/);
      expect(thrown).to.deep.equal([]);
    });

    it(`is closed by a synchronous request when its page goes, in ${name}`, async () => {
      const [requests, nodes, thrown] = await run(`
        var page = createPage(${browser});
        record(page, { channels: "news" });
        isEnding = false;
        pass(20);
        page.fire("onunload");
        tell(asked.slice(1));
        tell(countNodes(page));
        tell(thrown);`);
      expect(String(requests)).to.match(/^synchronous POST \/streams\/[\w.-]+\/close$/);
      expect(nodes).to.deep.equal(home === "htmlfile" ? [0, 0] : [0, -1]);
      expect(thrown).to.deep.equal([]);
    });
  }

  it("takes values of all kinds by polls", async () => {
    const values = await publishValues();
    const [data, states, ends, requests, thrown] = await run(`
      var page = createPage(${IE6});
      var kept = record(page, { channels: "news", after: "earliest", transport: "poll" });
      pass(100);
      publish("news", '"later"');
      pass(30000);
      tell(kept.data);
      kept.stream.close();
      pass(5000);
      tell(kept.states);
      tell(kept.ends);
      tell(asked.slice(-1));
      tell(thrown);`);
    expect(data).to.deep.equal([...values, "later"]);
    expect(states).to.deep.equal(CLOSED);
    expect(ends).to.deep.equal(["client"]);
    expect(String(requests)).to.match(/^POST \/streams\/[\w.-]+\/close$/);
    expect(thrown).to.deep.equal([]);
  });

  it("never opens a stream that is closed before", async () => {
    const told = await run(`
      var page = createPage(${IE6});
      var kept = record(page, { channels: "news" });
      kept.stream.close();
      pass(60000);
      tell(kept.states);
      tell(kept.ends);
      tell(asked);`);
    expect(told).to.deep.equal([["closed client"], ["client"], []]);
  });

  it("is closed by a form where XMLHTTP is switched off, and leaves nothing behind", async () => {
    const [states, requests, nodes, thrown] = await run(`
      var page = createPage(${IE6});
      var kept = record(page, { channels: "news" });
      isXmlOff = true;
      isEnding = false;
      pass(20);
      kept.stream.close();
      pass(15000);
      tell(kept.states);
      tell(asked.slice(1));
      tell(countNodes(page));
      tell(thrown);`);
    expect(states).to.deep.equal(CLOSED);
    expect(String(requests)).to.match(/^form \/streams\/[\w.-]+\/close$/);
    expect(nodes).to.deep.equal([0, 0]);
    expect(thrown).to.deep.equal([]);
  });

  it("has its frames in the page where an htmlfile has no window", async () => {
    const values = await publishValues();
    const [data, states, nodes, thrown] = await run(`
      var page = createPage({ request: "ActiveX", htmlfile: "broken" });
      var kept = record(page, { channels: "news", after: "earliest" });
      pass(24);
      tell(kept.data);
      tell(kept.states.slice(0, 4));
      tell(countNodes(page));
      tell(thrown);`);
    expect(data).to.deep.equal(values);
    expect(states).to.deep.equal(["connecting", "open", "connecting recycle", "open"]);
    expect(nodes).to.deep.equal([1, 0]);
    expect(thrown).to.deep.equal([]);
  });

  for (const transport of ["sse", "ndjson", "ws"]) {
    it(`is refused ${transport}, which these browsers do not have`, async () => {
      const told = await run(`
        var page = createPage(${IE6});
        var kept = record(page, { channels: "news", transport: "${transport}" });
        pass(60000);
        tell(kept.states);
        tell(kept.ends);
        tell(thrown);`);
      expect(told).to.deep.equal([["connecting", "refused"], ["FF_TRANSPORT_UNSUPPORTED"], []]);
    });
  }
});
