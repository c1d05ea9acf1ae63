const DURATIONS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

const BYTES = ["B", "K", "M", "G", "T"];

/** A duration in ms in its largest whole unit, such as `45s` or `3h`. */
export function formatDuration(ms: number): string {
  const [unit, size] = DURATIONS.find(([, length]) => ms >= length) ?? ["ms", 1];
  return `${Math.floor(ms / size)}${unit}`;
}

/** A number of bytes in at most four digits, such as `912B` or `1.4M` (1,024 each). */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value >= 1_000 && power < BYTES.length - 1) {
    value /= 1_024;
    power++;
  }
  const digits = power > 0 && value < 10 ? value.toFixed(1) : String(Math.round(value));
  return `${digits}${BYTES[power]}`;
}

/** A time in ms, with as many decimals as say something. */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Unix ms as the local date and time, to the millisecond. */
export function formatLocalTime(unixMs: number): string {
  const time = new Date(unixMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${date} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** A count with its noun, such as `1 stream` or `2 streams`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
