import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { type LineEvent, parseEvent } from "./event-lines.ts";
import { RequestError, refusedError } from "./server-client.ts";

/** How long one stream may take to open, in ms. */
const OPEN_MS = 30_000;

/** Takes the data of a message and says whether it counts. */
type OnData = (data: unknown) => boolean;

/**
 * One NDJSON stream, which counts what comes. Not by fetch(), which takes several times as much
 * processor time.
 */
export class BenchStream {
  /** Messages that count, each once. */
  received = 0;
  /** Messages that came again. */
  doubled = 0;
  hasEnded = false;
  readonly #request: ClientRequest;
  readonly #onData: OnData;
  #lastId = "";
  #rest = "";
  #onOpen = () => {};
  #onFault = (_error: RequestError) => {};

  private constructor(url: URL, headers: Readonly<Record<string, string>>, onData: OnData) {
    this.#onData = onData;
    const open = url.protocol === "https:" ? httpsRequest : httpRequest;
    this.#request = open(url, { agent: false, headers: { ...headers } });
    this.#request.on("response", (response) => this.#take(response));
    this.#request.on("error", (error) => this.#end(error.message));
    this.#request.end();
  }

  /**
   * Open a stream.
   *
   * @throws RequestError: it is refused, or nothing comes
   */
  static async open(
    url: URL,
    headers: Readonly<Record<string, string>>,
    onData: OnData,
  ): Promise<BenchStream> {
    const stream = new BenchStream(url, headers, onData);
    let late: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        stream.#onOpen = resolve;
        stream.#onFault = reject;
        late = setTimeout(() => stream.#end("no event came in time"), OPEN_MS);
      });
      return stream;
    } catch (error) {
      stream.close();
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  close(): void {
    this.#request.destroy();
  }

  #take(response: IncomingMessage): void {
    const { statusCode = 0 } = response;
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      const lines = (this.#rest + piece).split("\n");
      this.#rest = lines.pop() ?? "";
      if (statusCode === 200) for (const line of lines) if (line !== "") this.#count(line);
    });
    response.on("error", () => {}); // said by its close
    response.on("close", () => {
      if (statusCode !== 200) this.#onFault(refusedError(statusCode, this.#rest));
      this.#end("the connection was cut");
    });
  }

  #count(line: string): void {
    let event: LineEvent;
    try {
      event = parseEvent(line);
    } catch (error) {
      this.#end(String(error));
      return;
    }
    this.#onOpen();
    const { id = "", data } = event;
    if (!this.#onData(data)) return;
    // Ids rise in the order of the log, which is that of the stream.
    if (id > this.#lastId) {
      this.received++;
      this.#lastId = id;
    } else this.doubled++;
  }

  #end(reason: string): void {
    this.hasEnded = true;
    this.#onFault(
      new RequestError(null, `A stream did not open (${reason}): see foreverframe doctor`),
    );
  }
}
