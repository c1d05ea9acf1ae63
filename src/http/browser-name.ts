import { copyText } from "../core/copy-text.ts";

/** Names of browsers that are remembered; beyond it, all are forgotten and found again. */
const MAX_REMEMBERED = 1_000;

const MAX_LENGTH = 32;

/** The first that matches counts, since most browsers also name those that they resemble. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bMSIE (\d+)/, "IE"],
  [/\bTrident\/.*\brv:(\d+)/, "IE"],
  [/\bEdge?\/(\d+)/, "Edge"],
  [/\bOPR\/(\d+)/, "Opera"],
  [/\bSamsungBrowser\/(\d+)/, "Samsung"],
  [/\bFirefox\/(\d+)/, "Firefox"],
  [/\bHeadlessChrome\/(\d+)/, "Chrome"],
  [/\bChrome\/(\d+)/, "Chrome"],
  [/\bVersion\/(\d+)[\d.]* .*\bSafari\//, "Safari"],
];

const remembered = new Map<string, string>();

/**
 * A short name of a browser, such as "Firefox 115", for listings. Other programs are named by the
 * first word of what they send. Equal names are one string, which thousands of streams share.
 *
 * @param agent the User-Agent header; undefined or empty gives null
 */
export function browserName(agent: string | undefined): string | null {
  if (agent === undefined || agent === "") return null;
  const text = agent.slice(0, 300);
  const name = findName(text);
  const known = remembered.get(name);
  if (known !== undefined) return known;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  const copy = copyText(name);
  remembered.set(copy, copy);
  return copy;
}

function findName(agent: string): string {
  for (const [pattern, name] of BROWSERS) {
    const version = pattern.exec(agent)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return agent.split(" ", 1)[0]?.slice(0, MAX_LENGTH) ?? "";
}
