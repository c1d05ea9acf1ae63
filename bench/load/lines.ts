import { connect } from "node:net";

/** What came of sending lines. */
export interface LinesSent {
  /** Answers a second. */
  readonly perSecond: number;
  /** The 99th percentile of the time from when a line was due to its answer, in ms. */
  readonly p99Ms: number;
}

/** "}", which an answer has once, at its end. */
const ANSWER_END = 0x7d;

const LINE = Buffer.from(
  `{"channel":"bench","data":{"vid":7,"text":"${"x".repeat(75)}"}}\n`, // 100 bytes of data
);

/** Lines that are due are sent together after this time, in ms. */
const TICK_MS = 1;

/** How many lines to send: so many unanswered, or so many a second whatever comes back. */
export type Amount = { readonly inFlight: number } | { readonly rate: number };

/** Send lines over one publish connection for some time. */
export function sendLines(port: number, amount: Amount, seconds: number): Promise<LinesSent> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const sentAt: number[] = [];
    const times: number[] = [];
    let answered = 0;
    let timer: NodeJS.Timeout | null = null;
    let isOpen = false;
    let began = performance.now();
    const send = (count: number, dueOf: (i: number) => number) => {
      const head = Buffer.from(`${(count * LINE.length).toString(16)}\r\n`);
      const lines = new Array<Buffer>(count).fill(LINE);
      socket.write(Buffer.concat([head, ...lines, Buffer.from("\r\n")]));
      for (let i = 0; i < count; i++) sentAt.push(dueOf(i));
    };
    const sendDue = (rate: number) => {
      const sent = sentAt.length;
      const due = Math.floor(((performance.now() - began) * rate) / 1_000);
      if (due > sent) send(due - sent, (i) => began + ((sent + i) * 1_000) / rate);
    };
    const finish = () => {
      if (timer !== null) clearInterval(timer);
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
        began = now;
        if ("inFlight" in amount) send(amount.inFlight, () => now);
        else timer = setInterval(sendDue, TICK_MS, amount.rate);
        return;
      }
      if (bytes.includes('"error"')) return reject(new Error(`a line was refused: ${bytes}`));
      let count = 0;
      for (let at = bytes.indexOf(ANSWER_END); at >= 0; at = bytes.indexOf(ANSWER_END, at + 1))
        count++;
      for (let i = 0; i < count; i++) times.push(now - (sentAt[answered + i] ?? now));
      answered += count;
      if (now - began > seconds * 1_000) finish();
      else if (count > 0 && "inFlight" in amount) send(count, () => now);
    });
  });
}
