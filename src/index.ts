export type { Cursor } from "./core/cursor.ts";
export type { CloseReason } from "./core/events.ts";
export type { Receipt } from "./core/receipts.ts";
export { ERRORS, type ErrorCode, ForeverframeError } from "./errors.ts";
export { type RunningServer, startServer } from "./server.ts";
export { type Config, defaultConfig, parseConfig } from "./settings/config.ts";
