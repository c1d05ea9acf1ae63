/// <reference types="node" preserve="true" />
/**
 * Foreverframe inside an application. Start with {@link createForeverframe}.
 *
 * @module foreverframe
 */

export type { CloseReason } from "./core/close-reason.ts";
export { covers } from "./core/covers.ts";
export type { ChannelSummary, Receipt, StreamSummary } from "./core/summaries.ts";
export { ERRORS, type ErrorCode, ForeverframeError } from "./errors.ts";
export {
  type AttachOptions,
  type CloseOptions,
  createForeverframe,
  type FastifyInstance,
  type Foreverframe,
  type KoaContext,
  type ListOptions,
  type NodeHandler,
  type PublishOptions,
  type SubscribeOptions,
} from "./foreverframe.ts";
export type { Action, Authorize, AuthorizeQuestion, Permission } from "./http/authorize.ts";
export type { Logger } from "./logger.ts";
export type { ForeverframeOptions } from "./options.ts";
export type {
  GapEvent,
  JsonInput,
  JsonValue,
  LiveEvent,
  MessageEvent,
  SubscriptionEvent,
} from "./subscription-event.ts";
