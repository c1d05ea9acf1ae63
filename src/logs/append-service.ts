import { renameSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { MessageLog } from "../core/log.ts";
import {
  type AppendFrame,
  errorFigures,
  FrameParser,
  formatFrame,
  type HandedFrame,
  sendable,
} from "./append-frames.ts";
import { withShortPath } from "./lock-socket.ts";

/** The socket in the log's directory: whoever may connect to it may write the log's file, too. */
export const SERVICE_FILE = "append.sock";

/** Reading from a process stops while this many characters of its messages wait. */
const MAX_WAITING_SIZE = 8_388_608;

/** That this process is not stuck is said this often while frames wait, in ms. */
const ALIVE_MS = 500;

/** The others are given this long to hear that the service ends, in ms. */
const LEAVE_MS = 1_000;

/** What the service needs. */
export interface AppendServiceOptions {
  readonly log: Pick<MessageLog, "appendEach">;
  /** Hears of errors that no caller can be told. */
  readonly onError: (error: unknown) => void;
}

/** Appends to the log for other processes, so that they share commits: each costs a sync. */
export class AppendService {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: AppendServiceOptions;

  private constructor(server: Server, options: AppendServiceOptions) {
    this.#server = server;
    this.#options = options;
    server.on("connection", (socket) => this.#serve(socket));
  }

  /**
   * Listen in the log's directory, in the place of one that has died.
   *
   * @throws the system's error
   */
  static async listen(directory: string, options: AppendServiceOptions): Promise<AppendService> {
    const server = createServer();
    const draft = `${SERVICE_FILE}.new`;
    rmSync(join(directory, draft), { force: true });
    await withShortPath(directory, draft, (path) => {
      return new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(path, resolve);
      });
    });
    server.on("error", options.onError);
    const service = new AppendService(server, options);
    try {
      // Only now can others see it: a socket that does not listen yet would look dead.
      renameSync(join(directory, draft), join(directory, SERVICE_FILE));
    } catch (error) {
      server.close();
      throw error;
    }
    return service;
  }

  /** Answer what has been sent, until the others have heard that they should send no more. */
  async close(): Promise<void> {
    this.#server.close();
    const gone = Array.from(this.#sockets, (socket) => {
      socket.write(formatFrame({ type: "leaving" }));
      return new Promise((resolve) => socket.once("close", resolve));
    });
    const late = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, LEAVE_MS);
    await Promise.all(gone);
    clearTimeout(late);
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const parser = new FrameParser();
    let waitingSize = 0;
    const say = (frame: HandedFrame) => {
      if (socket.writable) socket.write(formatFrame(frame));
    };
    const append = async ({ number, requests, size }: AppendFrame) => {
      const alive = setInterval(say, ALIVE_MS, { type: "alive" });
      waitingSize += size;
      if (waitingSize >= MAX_WAITING_SIZE) socket.pause();
      const { log } = this.#options;
      const outcomes = await log.appendEach(requests).then(sendable, errorFigures);
      clearInterval(alive);
      waitingSize -= size;
      if (waitingSize < MAX_WAITING_SIZE) socket.resume();
      say({ type: "outcomes", number, outcomes });
    };
    socket.on("error", () => socket.destroy()); // the process has ended
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (piece) => {
      const frames = parser.add(piece);
      if (frames === null) socket.destroy();
      else for (const frame of frames) if (frame.type === "append") void append(frame);
    });
    say({ type: "alive" });
  }
}
