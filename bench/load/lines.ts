import { connect } from "node:net";

/** What came of sending lines. */
export interface LinesSent {
  /** Answers a second. */
  readonly perSecond: number;
  /** The 99th percentile of the time from a line to its answer, in ms. */
  readonly p99Ms: number;
}

/** "}", which an answer has once, at its end. */
const ANSWER_END = 0x7d;

const LINE = Buffer.from(
  `{"channel":"bench","data":{"vid":7,"text":"${"x".repeat(75)}"}}\n`, // 100 bytes of data
);

/**
 * Send lines over one publish connection for some time, and always have as many of them unanswered.
 *
 * @param inFlight lines that are sent and not answered
 */
export function sendLines(port: number, inFlight: number, seconds: number): Promise<LinesSent> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const sentAt: number[] = [];
    const times: number[] = [];
    let answered = 0;
    let isOpen = false;
    const began = performance.now();
    const send = (count: number, now: number) => {
      const head = Buffer.from(`${(count * LINE.length).toString(16)}\r\n`);
      const lines = new Array<Buffer>(count).fill(LINE);
      socket.write(Buffer.concat([head, ...lines, Buffer.from("\r\n")]));
      for (let i = 0; i < count; i++) sentAt.push(now);
    };
    const finish = () => {
      socket.destroy();
      times.sort((a, b) => a - b);
      const perSecond = (1_000 * answered) / (performance.now() - began);
      resolve({ perSecond, p99Ms: times[Math.floor(times.length * 0.99)] ?? 0 });
    };
    socket.setNoDelay(true);
    socket.on("error", reject);
    socket.write(
      `POST /publish HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.on("data", (bytes) => {
      const now = performance.now();
      if (!isOpen) {
        isOpen = true;
        send(inFlight, now);
        return;
      }
      if (bytes.includes('"error"')) return reject(new Error(`a line was refused: ${bytes}`));
      let count = 0;
      for (let at = bytes.indexOf(ANSWER_END); at >= 0; at = bytes.indexOf(ANSWER_END, at + 1))
        count++;
      for (let i = 0; i < count; i++) times.push(now - (sentAt[answered + i] ?? now));
      answered += count;
      if (now - began > seconds * 1_000) finish();
      else if (count > 0) send(count, now);
    });
  });
}
