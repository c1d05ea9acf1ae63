import { bareLoop } from "./bare-loop.ts";
import { foreverframe, foreverframeMemory } from "./foreverframe.ts";
import { nchan, nchanRaw } from "./nchan.ts";
import { betterSse, sockjs } from "./node-peers.ts";
import type { Server } from "./server.ts";

/** Every server, in the order of the table's columns. */
export const SERVERS: readonly Server[] = [
  foreverframe,
  foreverframeMemory,
  nchan,
  nchanRaw,
  sockjs,
  betterSse,
  bareLoop,
];
