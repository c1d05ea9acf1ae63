import { catchUp } from "./measures/catch-up.ts";
import { closeMeasure } from "./measures/close.ts";
import { cpu } from "./measures/cpu.ts";
import { each } from "./measures/each.ts";
import { idle } from "./measures/idle.ts";
import { latency50k, latency200k, latencyHalf } from "./measures/latency.ts";
import { leaks } from "./measures/leaks.ts";
import { memory } from "./measures/memory.ts";
import { nodesClose, nodesMeasure } from "./measures/nodes.ts";
import { opening } from "./measures/opening.ts";
import { ownChannels, ownChannelsByLines } from "./measures/own-channels.ts";
import { publishMeasure } from "./measures/publish.ts";
import { publishConnectionMeasure } from "./measures/publish-connection.ts";
import { throughput1, throughput16 } from "./measures/throughput.ts";
import { unitCosts } from "./measures/unit-costs.ts";
import { watched } from "./measures/watched.ts";
import { drawCharts } from "./report/charts.ts";
import { formatClusterCosts } from "./report/cluster-costs.ts";
import { formatProjection } from "./report/projection.ts";
import type { Suite } from "./report/suite.ts";
import { bareLoop } from "./servers/bare-loop.ts";
import { foreverframe, foreverframeMemory, foreverframeWorkers } from "./servers/foreverframe.ts";
import { foreverframeNodes } from "./servers/foreverframe-nodes.ts";
import { foreverframeWatched } from "./servers/foreverframe-watched.ts";
import { nchan, nchanRaw } from "./servers/nchan.ts";
import { betterSse, sockjs } from "./servers/node-peers.ts";

const peers: Suite = {
  name: "peers",
  document: "performance.md",
  mark: "bench",
  servers: [foreverframe, foreverframeMemory, nchan, nchanRaw, sockjs, betterSse, bareLoop],
  quickServers: ["foreverframe", "nchan", "sockjs", "bare-loop"],
  measures: [
    cpu,
    throughput1,
    throughput16,
    latencyHalf,
    latency50k,
    latency200k,
    memory,
    closeMeasure,
    leaks,
    catchUp,
    publishMeasure,
    publishConnectionMeasure,
  ],
  charts: drawCharts,
  conclusion: () => "",
};

const own: Suite = {
  name: "own",
  document: "performance.md",
  mark: "own",
  servers: [foreverframe, foreverframeMemory, nchan],
  quickServers: ["foreverframe", "nchan"],
  measures: [ownChannels, ownChannelsByLines, opening, idle, each],
  charts: () => [],
  conclusion: () => "",
};

const workers: Suite = {
  name: "workers",
  document: "scaling.md",
  mark: "bench",
  servers: [foreverframe, ...[1, 2, 4, 8].map(foreverframeWorkers)],
  quickServers: ["foreverframe", "foreverframe-workers-1", "foreverframe-workers-2"],
  measures: [cpu, unitCosts, throughput16, closeMeasure, publishMeasure],
  charts: () => [],
  conclusion: formatProjection,
};

const cluster: Suite = {
  name: "cluster",
  document: "scaling.md",
  mark: "cluster",
  servers: [foreverframe, ...[1, 2].map(foreverframeNodes)],
  quickServers: ["foreverframe", "foreverframe-redis-2"],
  measures: [...[1, 100, 1_000].map(nodesMeasure), nodesClose],
  charts: () => [],
  conclusion: formatClusterCosts,
};

const watching: Suite = {
  name: "watched",
  document: "metrics.md",
  mark: "bench",
  servers: [foreverframe, foreverframeWatched],
  quickServers: ["foreverframe", "foreverframe-watched"],
  measures: [watched],
  charts: () => [],
  conclusion: () => "",
};

/** All of them; the first is measured if no other is asked for. */
export const SUITES: readonly [Suite, ...Suite[]] = [peers, own, workers, cluster, watching];
