import { SETTING_NAMES, type SettingName } from "./settings.ts";

/** The settings in the groups and the order in which the help of `serve` has them. */
const GROUPS: Readonly<Record<string, readonly SettingName[]>> = {
  "To begin with": ["host", "port", "data", "secretFile", "adminToken"],
  "Who may call": [
    "open",
    "jwks",
    "issuer",
    "audience",
    "authorizeUrl",
    "userHeader",
    "allowedHosts",
    "allowedOrigins",
    "trustedProxies",
  ],
  Streams: [
    "heartbeatMs",
    "stallMs",
    "retryMs",
    "recycleBytes",
    "recycleMs",
    "maxStreamAgeMs",
    "pollKeptMs",
    "jsonp",
    "pages",
  ],
  "Publishing and what is kept": [
    "retainMessages",
    "retainMs",
    "retention",
    "trimMs",
    "memory",
    "log",
    "gearman",
    "gearmanFunction",
  ],
  TLS: ["tlsCert", "tlsKey"],
  "Workers and Redis": ["workers", "workerHangMs", "redisPrefix", "redisTrustRestart", "redisWait"],
  "Limits of streams": [
    "maxStreams",
    "maxStreamsPerAddress",
    "maxStreamsPerSubject",
    "maxStreamsPerClient",
    "maxSelectors",
    "maxReceipts",
    "receiptMs",
    "maxBufferedBytes",
  ],
  "Limits of publishing": [
    "maxMessageBytes",
    "maxBatchBytes",
    "maxBatchMessages",
    "maxPublishChannels",
    "publishesPerSecond",
    "maxPublishConnections",
    "maxPendingBytes",
    "maxIdempotencyKeys",
    "maxChannels",
    "maxLogBytes",
  ],
  Operating: [
    "metricsOpen",
    "logLevel",
    "eventsUrl",
    "eventsSecretFile",
    "keepAliveMs",
    "requestHeadMs",
    "requestBodyMs",
    "drainMs",
  ],
};

const OTHERS = "Other settings";

/** A heading of the help of `serve`, and the settings below it. */
export interface SettingGroup {
  readonly heading: string;
  readonly names: readonly SettingName[];
}

/** All settings by group, each once. */
export const SETTING_GROUPS: readonly SettingGroup[] = withOthers();

/** A setting that is in no group is not left out of the help. */
function withOthers(): readonly SettingGroup[] {
  const groups = Object.entries(GROUPS).map(([heading, names]) => ({ heading, names }));
  const grouped = new Set(groups.flatMap(({ names }) => names));
  const others = SETTING_NAMES.filter((name) => !grouped.has(name));
  return others.length === 0 ? groups : [...groups, { heading: OTHERS, names: others }];
}
