/** Longest name of a client, in bytes. */
export const MAX_CLIENT_BYTES = 128;

/** Whether a text can name a client: not empty, not too long, without control characters. */
export function isClientName(text: string): boolean {
  return text !== "" && Buffer.byteLength(text) <= MAX_CLIENT_BYTES && !/\p{Cc}/u.test(text);
}
