export type { CloseReason } from "./core/events.ts";
export type { ChannelSummary } from "./core/log.ts";
export type { Receipt } from "./core/receipts.ts";
export type { StreamSummary } from "./core/stream-figures.ts";
export { ERRORS, type ErrorCode, ForeverframeError } from "./errors.ts";
export {
  type AttachOptions,
  createForeverframe,
  type FastifyInstance,
  type Foreverframe,
  type ForeverframeOptions,
  type KoaContext,
  type ListOptions,
  type NodeHandler,
  type PublishOptions,
  type SubscribeOptions,
} from "./foreverframe.ts";
export type { Action, Authorize, AuthorizeQuestion, Permission } from "./http/authorization.ts";
export type { Logger } from "./logger.ts";
export { type Config, defaultConfig } from "./settings/config.ts";
export type { GapEvent, JsonValue, MessageEvent, SubscriptionEvent } from "./subscription.ts";
