import { createClient, RESP_TYPES } from "@redis/client";
import type { RedisAddress, RedisTarget } from "./redis-url.ts";

/** What Redis answers: texts come as bytes. */
export type Reply = Buffer | number | null | readonly Reply[];

/** A command: its name and its arguments. */
export type Command = readonly (string | Buffer)[];

/** Sends one command on a connection. */
export type Send = (command: Command) => Promise<Reply>;

/** One connection to a Redis, which is not made anew when it is lost. */
export type Client = ReturnType<typeof createOneClient>;

/**
 * Every client is a duplicate of this one, which is never connected: `createClient` makes a class
 * with all commands of Redis for each new set of options, and would hold the event loop for some
 * 100 ms at each attempt to reach another address.
 */
const ORIGINAL = createClient({
  RESP: 2,
  disableOfflineQueue: true,
  maintNotifications: "disabled",
});

const TYPES = {
  [RESP_TYPES.BLOB_STRING]: Buffer,
  [RESP_TYPES.SIMPLE_STRING]: Buffer,
} as const;

/**
 * Make a client of one server, which is to be connected.
 *
 * @param target gives user, password, database and TLS
 * @param connectMs longest time until there is a connection
 */
export function createOneClient(target: RedisTarget, address: RedisAddress, connectMs: number) {
  const { isEncrypted, username, password, database } = target;
  const socket = { ...address, connectTimeout: connectMs, reconnectStrategy: false } as const;
  return ORIGINAL.duplicate({
    socket: isEncrypted ? { ...socket, tls: true } : socket,
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    database,
  });
}

/** Send one command. */
export function sendOn(client: Client, command: Command): Promise<Reply> {
  return client.sendCommand<Reply>(command, { typeMapping: TYPES });
}

/** End a connection, whatever its state. */
export function endClient(client: Client): void {
  if (client.isOpen) client.destroy();
}

/** Whether an error is an answer of Redis that begins with this word. */
export function isReplyOf(error: unknown, word: string): error is Error {
  return error instanceof Error && error.message.startsWith(word);
}

/** Reject when a promise has not settled in time. The promise goes on. */
export function withDeadline<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(silence(ms)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A Redis that gave no answer for this long. */
export function silence(ms: number): Error {
  return new Error(`Redis has said nothing for ${ms} ms`);
}
