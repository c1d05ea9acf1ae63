import type { NewMessage } from "../../src/core/log.ts";

/** A message to be appended, unchecked. @param data escaped JSON text */
export function newMessage(channel: string, data: string): NewMessage {
  return { channel, data } as NewMessage;
}
