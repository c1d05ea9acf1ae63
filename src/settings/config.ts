import { isIPv6 } from "node:net";
import { ForeverframeError, shorten, show } from "../errors.ts";
import { parseUrl } from "../parse-url.ts";
import { parseLogLocation } from "./log-location.ts";
import {
  type Config,
  flagOf,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  type SettingName,
  type Value,
  variableOf,
} from "./settings.ts";

/**
 * Fewest characters of an admin token: guesses are slowed down, so this holds until somebody reads
 * the log.
 */
const MIN_ADMIN_TOKEN = 6;

/**
 * Make a configuration of what was given.
 *
 * @param flags from the command line, by the setting's name: text, or true; they win over the
 *   environment
 * @param environment variables as {@link variableOf} names them; an empty one counts as absent
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function parseConfig(
  flags: Partial<Record<SettingName, string | boolean>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  checkVariables(environment);
  const entries = SETTING_NAMES.map((name) => {
    const setting: Setting = SETTINGS[name];
    const fromFlag = flags[name];
    if (fromFlag !== undefined) return [name, parseValue(setting, String(fromFlag), flagOf(name))];
    const variable = variableOf(name);
    const fromVariable = environment[variable];
    if (fromVariable && !isOfKubernetes(variable, fromVariable))
      return [name, parseValue(setting, fromVariable, variable)];
    return [name, setting.default];
  });
  const config = Object.fromEntries(entries) as Config;
  checkTogether(config);
  return config;
}

/**
 * The defaults, with some settings replaced: checked as the command line's are.
 *
 * @param overrides an undefined value counts as absent
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function defaultConfig(
  overrides: { readonly [K in keyof Config]?: Config[K] | undefined } = {},
): Config {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return checkConfig({ ...parseConfig({}, {}), ...Object.fromEntries(given) });
}

/**
 * Check a configuration that was made by hand, as the command line's are.
 *
 * @returns the same
 * @throws ForeverframeError FF_CONFIG_INVALID: a setting is unknown or out of its range, or two
 *   don't go together
 */
export function checkConfig(config: Config): Config {
  for (const name of Object.keys(config)) {
    if (!Object.hasOwn(SETTINGS, name)) {
      throw invalid(`"${shorten(name)}" is not a setting: docs/configuration.md lists them`);
    }
  }
  for (const name of SETTING_NAMES) checkValue(name, config[name]);
  checkTogether(config);
  return config;
}

/** The settings of which any one says who may do what. */
type Deciding = Pick<Config, "secretFile" | "jwks" | "authorizeUrl" | "userHeader">;

/** Whether requests are allowed or refused by who sends them. */
export function decidesWho({ secretFile, jwks, authorizeUrl, userHeader }: Deciding): boolean {
  return [secretFile, jwks, authorizeUrl, userHeader].some((setting) => setting !== "");
}

function checkValue(name: SettingName, value: unknown): void {
  const setting: Setting = SETTINGS[name];
  const found = `"${name}" is ${show(value)}`;
  switch (setting.kind) {
    case "text":
      if (typeof value !== "string") throw invalid(`${found}: use a string`);
      break;
    case "choice":
      if (!setting.choices.some((choice) => choice === value))
        throw invalid(`${found}: use one of ${setting.choices.join(", ")}`);
      break;
    case "switch":
      if (typeof value !== "boolean") throw invalid(`${found}: use true or false`);
      break;
    case "list":
      if (!Array.isArray(value) || value.some((item) => typeof item !== "string"))
        throw invalid(`${found}: use an array of strings`);
      break;
    case "number":
      if (!Number.isInteger(value) || Number(value) < setting.min || Number(value) > setting.max)
        throw invalid(
          `${found}: use a whole number from ${setting.min} to ${setting.max} (${setting.help})`,
        );
  }
}

function parseValue(setting: Setting, value: string, source: string): Value<Setting> {
  switch (setting.kind) {
    case "text":
      return value;
    case "choice":
      if (setting.choices.includes(value)) return value;
      throw invalid(`${source} is "${shorten(value)}": use one of ${setting.choices.join(", ")}`);
    case "list":
      return value
        .split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "");
    case "switch":
      if (value === "true" || value === "1") return true;
      if (value === "false" || value === "0") return false;
      throw invalid(`${source} is "${shorten(value)}": use true or false`);
    case "number": {
      const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      if (parsed >= setting.min && parsed <= setting.max) return parsed;
      throw invalid(
        `${source} is "${shorten(value)}": use a whole number from ${setting.min} to ${setting.max} (${setting.help})`,
      );
    }
  }
}

function checkVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = new Set(SETTING_NAMES.map(variableOf));
  const [unknown] = Object.entries(environment).find(
    ([name, value]) =>
      name.startsWith("FOREVERFRAME_") && !known.has(name) && !isOfKubernetes(name, value),
  ) ?? [undefined];
  if (unknown === undefined) return;
  throw invalid(
    `${unknown} in the environment is not a setting: see "foreverframe serve --help" for their names`,
  );
}

/**
 * Whether Kubernetes has set a variable, as it does in each container for a service named
 * "foreverframe", or "foreverframe-x":
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isOfKubernetes(name: string, value = ""): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/.test(name))
    return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\//.test(value);
}

function checkTogether(config: Config): void {
  const {
    host,
    tlsCert,
    tlsKey,
    open,
    secretFile,
    jwks,
    issuer,
    audience,
    authorizeUrl,
    userHeader,
    trustedProxies,
    allowedHosts,
    allowedOrigins,
    adminToken,
    workers,
    gearman,
    gearmanFunction,
    eventsUrl,
    eventsSecretFile,
  } = config;
  if ((gearman === "") !== (gearmanFunction.length === 0)) {
    throw invalid(
      "--gearman and --gearman-function go together: give the job server, and what is to be taken from it, such as --gearman 127.0.0.1:4730 --gearman-function getmsg=doors",
    );
  }
  if ((tlsCert === "") !== (tlsKey === "")) {
    throw invalid(
      "--tls-cert and --tls-key go together: give the file with the certificate, and the file with its private key",
    );
  }
  if ((eventsUrl === "") !== (eventsSecretFile === "")) {
    throw invalid(
      "--events-url and --events-secret-file go together: give the URL that is told of streams, and the file with the secret by which it knows this server",
    );
  }
  if (eventsUrl !== "" && !isHttpUrl(eventsUrl)) {
    throw invalid(
      "--events-url is not a URL that can be called: give one of your application such as https://intranet.example/streams, without a name and password in it",
    );
  }
  if (parseLogLocation(config).kind === "memory" && workers > 0) {
    throw invalid(
      "--workers share a log, and one in memory (--memory) is each process's own: leave one of both out",
    );
  }
  if (!/^[\x21-\x7e]*$/.test(adminToken)) {
    throw invalid(
      "--admin-token has a space or a character that is not ASCII, which no header could carry: use others",
    );
  }
  const needsToken = secretFile !== "" || jwks !== "";
  const isDecided = decidesWho({ secretFile, jwks, authorizeUrl, userHeader });
  if (secretFile !== "" && jwks !== "") {
    throw invalid(
      "--secret-file and --jwks are two ways to sign tokens, and a server takes one: leave one of both out",
    );
  }
  if (jwks !== "" && (issuer === "" || audience === "")) {
    throw invalid(
      "--jwks has the keys of an issuer that signs tokens for others too: say by --issuer and --audience which tokens are meant for this server",
    );
  }
  if (!needsToken && (issuer !== "" || audience !== "")) {
    throw invalid("--issuer and --audience are about tokens: add --secret-file or --jwks");
  }
  if (isDecided && open) {
    throw invalid(
      "--open serves everybody, whoever they are: leave it out, or leave --secret-file, --jwks, --authorize-url and --user-header out",
    );
  }
  if (!open && !isDecided && !isLoopback(host)) {
    throw invalid(
      `--host ${shorten(host)} would serve to everybody who reaches it: add --secret-file or --jwks, so that a token is needed, --authorize-url, so that your application decides, or --open if everybody is meant, or use 127.0.0.1`,
    );
  }
  if (authorizeUrl !== "" && !isHttpUrl(authorizeUrl)) {
    throw invalid(
      `--authorize-url is "${shorten(authorizeUrl)}": give a URL of your application such as http://127.0.0.1:8000/authorize.php, without a name and password in it`,
    );
  }
  if (userHeader !== "" && !/^[A-Za-z0-9-]{1,64}$/.test(userHeader)) {
    throw invalid(
      `--user-header is "${shorten(userHeader)}": give the name of a header, such as X-Remote-User`,
    );
  }
  if (userHeader !== "" && trustedProxies.length === 0) {
    throw invalid(
      "--user-header is believed only from a proxy that you trust, since anybody could send it: name that with --trusted-proxies",
    );
  }
  if (adminToken !== "" && adminToken.length < MIN_ADMIN_TOKEN) {
    throw invalid(
      `--admin-token has ${adminToken.length} characters, which can be guessed: use ${MIN_ADMIN_TOKEN} or more, better 20`,
    );
  }
  for (const name of allowedHosts) {
    if (isHostName(name)) continue;
    throw invalid(
      `--allowed-hosts has "${shorten(name)}": write a name or an address such as push.example, without scheme and path`,
    );
  }
  for (const origin of allowedOrigins) {
    if (isOrigin(origin)) continue;
    throw invalid(
      `--allowed-origins has "${shorten(origin)}": write an origin such as https://intranet.example, in lower case and without a path`,
    );
  }
}

function isHttpUrl(text: string): boolean {
  const url = parseUrl(text);
  if (!/^https?:\/\//.test(text) || url === null) return false;
  return url.username === "" && url.password === ""; // fetch() refuses those
}

/** A name, or an address, with or without a port. */
function isHostName(text: string): boolean {
  if (isIPv6(text)) return true;
  return /^[^\s/?#@\\]+$/.test(text) && parseUrl(`http://${text}`) !== null;
}

/** What a browser sends as `Origin`: of a site, or of an app such as `capacitor://localhost`. */
function isOrigin(text: string): boolean {
  const url = parseUrl(text);
  if (url === null) return false;
  if (/^https?:/.test(text)) return url.origin === text;
  return /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@A-Z]+$/.test(text);
}

/** Whether an address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function invalid(message: string): ForeverframeError {
  return new ForeverframeError("FF_CONFIG_INVALID", message);
}
