import { createHash } from "node:crypto";
import { parseSelectors, type SelectorSet } from "../core/channel-name.ts";
import type { Retention, RetentionRules } from "../core/log.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Config } from "./settings.ts";

interface Rule {
  readonly selectors: SelectorSet;
  readonly retention: Retention;
}

/**
 * How long messages of each channel are kept, as the configuration says.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function parseRetention({
  retention,
  retainMessages,
  retainMs,
}: Pick<Config, "retention" | "retainMessages" | "retainMs">): RetentionRules {
  const otherwise = { maxMessages: retainMessages, maxAgeMs: retainMs };
  const rules = retention.map(parseRule);
  const asText = JSON.stringify([retention, retainMessages, retainMs]);
  return {
    fingerprint: createHash("sha256").update(asText).digest("base64url").slice(0, 16),
    of: (channel) =>
      rules.find(({ selectors }) => selectors.matches(channel))?.retention ?? otherwise,
  };
}

function parseRule(text: string): Rule {
  const match = /^(.+)=(\d{1,10})\/(\d{1,15})$/.exec(text);
  const [, pattern = "", messages = "0", ms = "0"] = match ?? [];
  const retention = { maxMessages: Number(messages), maxAgeMs: Number(ms) };
  if (retention.maxMessages >= 1 && retention.maxAgeMs >= 1) {
    try {
      return { selectors: parseSelectors(pattern), retention };
    } catch (error) {
      if (!(error instanceof ForeverframeError)) throw error;
    }
  }
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--retention has "${shorten(text)}": write pattern=messages/ms, both at least 1, such as log.**=100/3600000`,
  );
}
