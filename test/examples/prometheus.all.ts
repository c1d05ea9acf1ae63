import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { METRICS, SILENT_METRIC } from "../../src/http/metrics.ts";
import { freePort } from "../support/free-port.ts";
import { killChild } from "../support/kill-child.ts";
import { findCommand } from "../support/needs.mjs";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const TOKEN = "the-admin-token-of-this-test";
const ALERTS = fileURLToPath(new URL("../../deploy/alerts.yml", import.meta.url));
const DASHBOARD = new URL("../../deploy/grafana.json", import.meta.url);

/** Names that Prometheus makes of a histogram. */
const OF_HISTOGRAM = /_(?:bucket|sum|count)$/;

/** Metrics that have no value until something happens, or is configured. */
const WITHOUT_VALUES: ReadonlySet<string> = new Set([
  "foreverframe_requests_refused_total",
  "foreverframe_alarm",
  "foreverframe_events_waiting",
  "foreverframe_events_lost_total",
]);

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

describe("Prometheus", function () {
  this.timeout(60_000);
  let prometheus: ChildProcess;
  let api: string;
  let url: string;

  before(async () => {
    ({ url } = await startTestServer({
      adminToken: TOKEN,
      memory: false,
      data: createTemporaryDirectory(),
    }));
    const directory = createTemporaryDirectory();
    const port = await freePort();
    writeFileSync(join(directory, "token"), TOKEN);
    writeFileSync(
      join(directory, "prometheus.yml"),
      JSON.stringify({
        global: { scrape_interval: "1s", evaluation_interval: "1s" },
        rule_files: [ALERTS],
        scrape_configs: [
          {
            job_name: "foreverframe",
            authorization: { credentials_file: join(directory, "token") },
            static_configs: [{ targets: [new URL(url).host] }],
          },
        ],
      }),
    );
    prometheus = spawn(
      findCommand(["prometheus"]) ?? "prometheus",
      [
        `--config.file=${join(directory, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(directory, "data")}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: "ignore" },
    );
    api = `http://127.0.0.1:${port}/api/v1`;
    await openFrame(url, "channels=doors&client=panel");
    await publishJson(url, "doors", 1);
    await eventually(
      30_000,
      async () => (await query("foreverframe_delivered_messages_total")) === "1",
      "a scrape",
    );
  });

  after(async () => {
    await killChild(prometheus);
    closeConnections();
    await stopServers();
    await removeTemporaryDirectories();
  });

  // biome-ignore lint/suspicious/noExplicitAny: Prometheus' own answers
  const ask = async (path: string): Promise<any> => {
    const answer = await fetch(`${api}/${path}`).catch(() => null);
    // While it starts, it answers 503 with a text.
    return answer === null || answer.status === 503 ? undefined : answer.json();
  };
  /** The value of the first result; undefined if there is none. */
  const query = async (expression: string): Promise<string | undefined> => {
    const answer = await ask(`query?query=${encodeURIComponent(expression)}`);
    return answer?.data?.result?.[0]?.value?.[1];
  };

  it("scrapes the server with its admin token, and finds each metric", async () => {
    for (const { name, kind } of METRICS) {
      if (WITHOUT_VALUES.has(name)) continue;
      const series = kind === "histogram" ? `${name}_bucket` : name;
      expect(await query(series), series).to.be.a("string");
    }
    expect(await query(SILENT_METRIC)).to.equal("0");
  });

  it("evaluates each alert of deploy/alerts.yml, and none is raised without trouble", async () => {
    const rules = await eventually(
      15_000,
      async () => {
        const answer = await ask("rules");
        const found = answer?.data?.groups?.[0]?.rules ?? [];
        const isDone = found.every(({ health }: { health: string }) => health !== "unknown");
        return found.length > 0 && isDone ? found : null;
      },
      "the rules",
    );
    for (const { name, health, lastError, state } of rules) {
      expect(health, `${name}: ${lastError}`).to.equal("ok");
      expect(state, name).to.equal("inactive");
    }
  });

  it("answers each query of deploy/grafana.json", async () => {
    const { panels } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as { panels: Panel[] };
    expect(panels).to.not.be.empty;
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const expression = expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "1m");
        const answer = await ask(`query?query=${encodeURIComponent(expression)}`);
        expect(answer?.status, `${title}: ${expr}: ${answer?.error}`).to.equal("success");
      }
    }
  });

  for (const [file, text] of [
    ["deploy/alerts.yml", readFileSync(ALERTS, "utf8")],
    ["deploy/grafana.json", readFileSync(DASHBOARD, "utf8")],
  ] as const) {
    it(`finds no name in ${file} that the server does not have`, () => {
      const known = new Set([...METRICS.map(({ name }) => name), SILENT_METRIC]);
      const named = text.match(/\b(?:foreverframe|process)_[a-z_]+\b/g) ?? [];
      const unknown = named.filter(
        (name) => !known.has(name) && !known.has(name.replace(OF_HISTOGRAM, "")),
      );
      expect(unknown).to.deep.equal([]);
    });
  }

  it("raises ForeverframeDown when the server is gone", async () => {
    closeConnections();
    await stopServers();
    await eventually(
      20_000,
      async () => {
        const alerts = (await ask("alerts"))?.data?.alerts ?? [];
        return alerts.some(
          ({ labels }: { labels: { alertname: string } }) =>
            labels.alertname === "ForeverframeDown",
        );
      },
      "the alert",
    );
  });
});
