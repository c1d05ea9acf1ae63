interface TextSetting {
  readonly kind: "text";
  readonly default: string;
  readonly help: string;
}

interface NumberSetting {
  readonly kind: "number";
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly help: string;
}

interface SwitchSetting {
  readonly kind: "switch";
  readonly default: false;
  readonly help: string;
}

interface ListSetting {
  readonly kind: "list";
  readonly default: readonly string[];
  readonly help: string;
}

interface ChoiceSetting<Choice extends string = string> {
  readonly kind: "choice";
  readonly default: Choice;
  readonly choices: readonly Choice[];
  readonly help: string;
}

/** One setting: how it is read, its default, and its line of help. */
export type Setting = TextSetting | NumberSetting | SwitchSetting | ListSetting | ChoiceSetting;

const text = (value: string, help: string): TextSetting => ({ kind: "text", default: value, help });
const number = (value: number, min: number, max: number, help: string): NumberSetting => ({
  kind: "number",
  default: value,
  min,
  max,
  help,
});
const flag = (help: string): SwitchSetting => ({ kind: "switch", default: false, help });
const list = (help: string): ListSetting => ({ kind: "list", default: [], help });

const choice = <Choice extends string>(
  choices: readonly Choice[],
  value: Choice,
  help: string,
): ChoiceSetting<Choice> => ({ kind: "choice", default: value, choices, help });

/** Levels of the server's log, the least important first. */
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

const DAY_MS = 86_400_000;

/**
 * Everything that can be set, every default and every limit. Each is a flag (`maxStreams` is
 * `--max-streams`) and a variable of the environment (`FOREVERFRAME_MAX_STREAMS`);
 * `docs/configuration.md` lists them, held to this by a test.
 */
export const SETTINGS = {
  host: text(
    "127.0.0.1",
    "address to listen on; other than loopback it needs --secret-file, --jwks, --authorize-url, --user-header or --open",
  ),
  port: number(8080, 0, 65_535, "port to listen on; 0 takes any that is free"),
  tlsCert: text(
    "",
    "PEM file with the certificate and its chain; with it and --tls-key the port speaks HTTPS only; none if empty",
  ),
  tlsKey: text("", "PEM file with the private key of --tls-cert; none if empty"),
  open: flag("serve everybody who can reach the address, without tokens"),
  secretFile: text(
    "",
    "file with the secret, 32 bytes or more, that HS256 tokens are signed with; none if empty",
  ),
  jwks: text(
    "",
    "URL or file of the JWK set with the public keys of RS256, ES256 and EdDSA tokens; none if empty",
  ),
  issuer: text("", 'the "iss" that tokens must have; any if empty'),
  audience: text("", 'the "aud" that tokens must have; any if empty'),
  authorizeUrl: text(
    "",
    "URL of your application that is asked who may do what, by the cookies of the request; none if empty",
  ),
  userHeader: text(
    "",
    "header in which a trusted proxy names the user whom it has signed in, such as X-Remote-User; none if empty",
  ),
  data: text("./data", "directory of the durable log"),
  memory: flag("keep the log in memory: it ends with the process"),
  log: text(
    "",
    "where the log is: lmdb:DIRECTORY, memory:, redis://HOST:PORT/DATABASE, redis-sentinel://HOST:PORT,.../MASTER or redis-cluster://HOST:PORT,...; as --data and --memory say if empty",
  ),
  redisPrefix: text("ff:", "what the names of the log's keys in Redis begin with, in braces"),
  redisTrustRestart: flag(
    "believe that a Redis that was started again, or replaced by its replica, has lost nothing",
  ),
  redisWait: number(
    0,
    0,
    16,
    "replicas of Redis that must have a message before it is answered 201 and shown to anybody; 0 for none",
  ),
  pages: text(
    "",
    "directory of your own pages, which are served before the built-in ones; none if empty",
  ),
  workers: number(
    0,
    0,
    256,
    "processes that serve on one port and one log; 0 for one process without a supervisor",
  ),
  workerHangMs: number(
    15_000,
    1_000,
    600_000,
    "kill and replace a worker that has not answered for this long, in ms",
  ),
  gearman: text(
    "",
    "host:port of Gearman job servers, whose jobs become messages, with commas; none if empty",
  ),
  gearmanFunction: list(
    "functions to take jobs of, and the channel for each: function=channel, such as getmsg=doors",
  ),
  eventsUrl: text(
    "",
    "URL of your application that is told which streams are opened and closed; none if empty",
  ),
  eventsSecretFile: text(
    "",
    "file with the secret, 32 bytes or more, that what goes to --events-url is signed with; none if empty",
  ),
  adminToken: text("", "token of the admin routes; generated if empty"),
  metricsOpen: flag("let everybody read GET /metrics, without the admin token"),
  logLevel: choice(
    LOG_LEVELS,
    "info",
    "least important lines of the server's log that are written: debug, info, warn or error",
  ),
  allowedHosts: list("names that the Host header may have, besides loopback's and those of --host"),
  trustedProxies: list(
    "addresses and networks of proxies whose Forwarded or X-Forwarded-For, -Host and -Proto are believed, such as 10.0.0.0/8",
  ),
  allowedOrigins: list(
    "origins of other sites whose pages may call this server, such as https://intranet.example",
  ),
  jsonp: flag("answer polls with a callback as scripts (JSONP), for pages of the allowed origins"),
  maxStreams: number(
    0,
    0,
    1_000_000,
    "streams open at once; 0 for as many as the limit of open files allows",
  ),
  maxStreamsPerAddress: number(
    0,
    0,
    1_000_000,
    "streams of one address; 0 for three quarters of all, so that one address can't take them all",
  ),
  maxStreamsPerSubject: number(
    0,
    0,
    1_000_000,
    "streams of one user (the subject of a token); 0 for three quarters of all",
  ),
  maxStreamsPerClient: number(100, 1, 1_000_000, "streams of one client's name"),
  maxSelectors: number(64, 1, 64, "selectors of one stream"),
  maxChannels: number(100_000, 1, 100_000_000, "channels that keep messages"),
  maxMessageBytes: number(65_536, 1, 16_777_216, "bytes of one message's data as it was sent"),
  maxBatchBytes: number(4_194_304, 1, 67_108_864, "bytes of the body of an NDJSON batch"),
  maxBatchMessages: number(5_000, 1, 100_000, "messages in one batch"),
  maxPublishChannels: number(2_000, 1, 100_000, "channels of one publish"),
  publishesPerSecond: number(
    20_000,
    0,
    10_000_000,
    "publishes of one address, and of one user, in a second; 0 for no limit",
  ),
  maxPublishConnections: number(
    1_000,
    1,
    100_000,
    "publish connections (POST /publish) open at once in one process",
  ),
  maxPendingBytes: number(
    67_108_864,
    1_024,
    1_073_741_824,
    "bytes of publishes waiting for the log",
  ),
  maxIdempotencyKeys: number(1_000_000, 1, 100_000_000, "idempotency keys remembered at once"),
  maxReceipts: number(100_000, 1, 10_000_000, "receipts of closed streams kept"),
  receiptMs: number(60_000, 1, DAY_MS, "how long a receipt is kept, in ms"),
  maxBufferedBytes: number(
    134_217_728,
    1_048_576,
    17_179_869_184,
    "memory for request bodies being read, and the same again for answers that clients have not read, in bytes; beyond it, the client that holds most is cut off",
  ),
  keepAliveMs: number(
    75_000,
    100,
    3_600_000,
    "how long a connection is kept without a request, in ms: longer than a proxy before the server keeps it",
  ),
  requestHeadMs: number(10_000, 100, 600_000, "time for the head of a request, in ms"),
  requestBodyMs: number(30_000, 100, 3_600_000, "time for a whole request, in ms"),
  heartbeatMs: number(10_000, 50, 600_000, "longest silence on a stream, in ms"),
  stallMs: number(
    30_000,
    100,
    3_600_000,
    "end a stream whose client has read nothing for this long, in ms",
  ),
  recycleBytes: number(
    1_048_576,
    0,
    1_073_741_824,
    "bytes after which a display frame is replaced by a new one, give or take 25 %; 0 for never",
  ),
  recycleMs: number(
    3_600_000,
    0,
    30 * DAY_MS,
    "age at which a display frame is replaced, give or take 25 %, in ms; 0 for never",
  ),
  maxStreamAgeMs: number(
    DAY_MS,
    0,
    30 * DAY_MS,
    "age at which any stream but a poll's is ended, to be opened again from where it is, give or take 25 %, in ms; 0 for never",
  ),
  pollKeptMs: number(
    60_000,
    100,
    DAY_MS,
    "how long a long-poll stream is kept beyond its wait when no other poll comes, in ms",
  ),
  retainMessages: number(1_000, 1, 1_000_000_000, "messages kept of each channel"),
  retainMs: number(DAY_MS, 1_000, 3_650 * DAY_MS, "how long a message is kept, in ms"),
  retention: list(
    "what to keep of some channels: pattern=messages/ms, the first that matches counts, such as log.**=100/3600000",
  ),
  maxLogBytes: number(
    10_737_418_240,
    0,
    2 ** 50,
    "bytes of messages kept, beyond which publishes are refused; 0 for no limit",
  ),
  trimMs: number(1_000, 10, 3_600_000, "pause between two looks for messages to remove, in ms"),
  drainMs: number(10_000, 100, 600_000, "longest wait for connections when stopping, in ms"),
  retryMs: number(
    5_000,
    1,
    600_000,
    "how long clients wait on average before they come back after a stop, in ms",
  ),
} as const satisfies Record<string, Setting>;

/** What a setting can be. */
export type Value<S extends Setting> = S extends TextSetting
  ? string
  : S extends ChoiceSetting<infer Choice>
    ? Choice
    : S extends NumberSetting
      ? number
      : S extends SwitchSetting
        ? boolean
        : readonly string[];

/** A checked configuration. */
export type Config = { readonly [K in keyof typeof SETTINGS]: Value<(typeof SETTINGS)[K]> };

/** Name of one setting. */
export type SettingName = keyof Config;

/** All settings, in the order of the table. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** Settings of a server that listens. An application that embeds Foreverframe listens itself. */
export const SERVER_SETTINGS: readonly SettingName[] = [
  "host",
  "port",
  "tlsCert",
  "tlsKey",
  "workers",
  "workerHangMs",
  "logLevel",
  "keepAliveMs",
  "requestHeadMs",
  "requestBodyMs",
];

/** `maxStreams` as a flag: `--max-streams`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `maxStreams` in the environment: `FOREVERFRAME_MAX_STREAMS`. */
export function variableOf(name: SettingName): string {
  return `FOREVERFRAME_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}
