import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { dirname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A longer path can't be a socket's: https://man7.org/linux/man-pages/man7/unix.7.html */
const MAX_PATH_BYTES = 100;

/**
 * A process that accepts the connection and says nothing for this long, in ms, is there, but hangs.
 */
const ANSWER_MS = 2_000;

/** A socket older than this is not still being created, in ms. */
const DRAFT_MS = 60_000;

const DRAFT = /^serve\.[0-9a-f]{16}\.sock\.new$/;
const NAME = /^serve\.([0-9a-f]{16})\.sock$/;

/**
 * How often a process that drops the connection is asked, and the pause before each retry, in ms.
 */
const MAX_TRIES = 10;
const TRY_AGAIN_MS = 20;

/** Who is behind a socket. */
export interface LockHolder {
  /** Null where it does not say, since it hangs. */
  readonly pid: number | null;
  readonly host: string;
  /** `claims`: it looks at the other sockets, and decides. */
  readonly state: "claims" | "holds";
}

/** Somebody is there, and does not say who. */
const UNKNOWN: LockHolder = { pid: null, host: hostname(), state: "holds" };

/**
 * A socket in a directory, by which a process shows that it is there.
 *
 * All processes of the machine see it, in whatever container they are, and it is dead as soon as
 * its process is, however that ended. Its name is never used again, so any process that finds it
 * dead can remove it, even if another does so at the same time.
 */
export class LockSocket {
  readonly name: string;
  readonly #server: Server;
  readonly #path: string;
  #state: LockHolder["state"] = "claims";

  private constructor(server: Server, path: string, name: string) {
    this.#server = server;
    this.#path = path;
    this.name = name;
    server.on("connection", (connection) => {
      connection.on("error", () => connection.destroy()); // who asked has gone
      connection.unref();
      const holder: LockHolder = { pid: process.pid, host: hostname(), state: this.#state };
      connection.end(JSON.stringify(holder));
    });
  }

  /** @throws the system's error */
  static async listen(directory: string): Promise<LockSocket> {
    const name = randomBytes(8).toString("hex");
    const path = join(directory, `serve.${name}.sock`);
    const draft = `${path}.new`;
    const server = createServer().unref();
    await withShortPath(directory, `serve.${name}.sock.new`, (shortPath) => {
      return new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(shortPath, resolve);
      });
    });
    const socket = new LockSocket(server, path, name);
    // Between the two steps of listening, a connection would be refused, as if the socket were
    // dead. So it is shown only now.
    renameSync(draft, path);
    return socket;
  }

  /** Say from now on that the directory is held. */
  hold(): void {
    this.#state = "holds";
    removeDrafts(dirname(this.#path));
  }

  /** Whether others can still see it. */
  get isThere(): boolean {
    return existsSync(this.#path);
  }

  close(): void {
    rmSync(this.#path, { force: true });
    this.#server.close();
  }
}

/** Remove what was left by processes that were killed while they made a socket. */
function removeDrafts(directory: string): void {
  for (const file of readdirSync(directory).filter((name) => DRAFT.test(name))) {
    const path = join(directory, file);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > DRAFT_MS) rmSync(path, { force: true });
  }
}

/** Names of all sockets in a directory, dead or alive. */
export function listSockets(directory: string): readonly string[] {
  return readdirSync(directory).flatMap((file) => NAME.exec(file)?.[1] ?? []);
}

/**
 * Ask who is behind a socket. What is dead is removed.
 *
 * @returns null if there is nobody
 */
export async function askSocket(directory: string, name: string): Promise<LockHolder | null> {
  const file = `serve.${name}.sock`;
  let answer = await withShortPath(directory, file, connectAndRead);
  // A process that is just closing its socket drops the connections that wait: asked again, it is
  // dead.
  for (let tries = 1; answer === "dropped" && tries < MAX_TRIES; tries++) {
    await pause(TRY_AGAIN_MS);
    answer = await withShortPath(directory, file, connectAndRead);
  }
  if (answer === "dropped") return UNKNOWN;
  if (answer !== null) return answer;
  const path = join(directory, file);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
  return null;
}

function connectAndRead(path: string): Promise<LockHolder | null | "dropped"> {
  return new Promise((resolve) => {
    let text = "";
    const connection = createConnection(path).setEncoding("utf8");
    const settle = (holder: LockHolder | null | "dropped") => {
      clearTimeout(late);
      connection.destroy();
      resolve(holder);
    };
    const late = setTimeout(() => settle(UNKNOWN), ANSWER_MS);
    connection.on("data", (part) => {
      text = (text + part).slice(0, 1_000);
    });
    connection.on("end", () => settle(parseHolder(text) ?? "dropped"));
    connection.on("error", (error) => {
      const code = "code" in error ? error.code : "";
      if (code === "ECONNREFUSED" || code === "ENOENT") settle(null);
      else settle(code === "ECONNRESET" || code === "EPIPE" ? "dropped" : UNKNOWN);
    });
  });
}

function parseHolder(text: string): LockHolder | null {
  try {
    const { pid, host, state } = JSON.parse(text) as Record<string, unknown>;
    return { pid: Number(pid), host: String(host), state: state === "claims" ? "claims" : "holds" };
  } catch {
    return null;
  }
}

/** Run something with a path of a file that is short enough for a socket. */
export async function withShortPath<T>(
  directory: string,
  file: string,
  run: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, file);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return run(path);
  const fromHere = join(relative(process.cwd(), directory), file);
  if (Buffer.byteLength(fromHere) <= MAX_PATH_BYTES) return run(fromHere);
  if (!existsSync("/proc/self/fd"))
    throw new Error(`the path is longer than ${MAX_PATH_BYTES} bytes, too long for a socket`);
  const descriptor = openSync(directory, "r");
  try {
    return await run(`/proc/self/fd/${descriptor}/${file}`);
  } finally {
    closeSync(descriptor);
  }
}
