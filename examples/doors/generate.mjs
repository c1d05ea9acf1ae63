#!/usr/bin/env node
/**
 * Print door events as JSON lines at random intervals, for want of real doors.
 *
 *   node generate.mjs [--rate events-per-second] [--count events]
 *
 * --rate is an average, default 2; --count defaults to no end. A reader that goes away, or Ctrl-C,
 * ends it with status 0.
 */
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";

const USAGE =
  "usage: generate.mjs [--rate events-per-second (default 2)] [--count events (default: no end)]";

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { rate: { type: "string" }, count: { type: "string" } },
    });
    const rate = Number(values.rate ?? 2);
    const count = Number(values.count ?? Number.POSITIVE_INFINITY);
    if (rate > 0 && count >= 0) return { rate, count };
  } catch {
    // An unknown option: the usage line says which there are.
  }
  console.error(USAGE);
  process.exit(2);
}

/** Local time as "2026-11-22 10:11:12". */
function formatTime(date) {
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")}`;
}

function pick(values) {
  return values[Math.floor(Math.random() * values.length)];
}

function doorEvent(vid) {
  return {
    vid,
    doorno: `${pick(["N", "E", "S", "W"])}-${1 + Math.floor(Math.random() * 12)}`,
    rfsim: Math.floor(Math.random() * 0x1_0000_0000)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0"),
    optime: formatTime(new Date()),
    // Now and then a card that opens nothing.
    ynopen: Math.random() < 0.85 ? "Y" : "N",
  };
}

const { rate, count } = readOptions();
process.on("SIGINT", () => process.exit(0));
process.stdout.on("error", (error) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

for (let vid = 1; vid <= count; vid++) {
  // Exponential intervals: events that know nothing of each other.
  await pause((-Math.log(1 - Math.random()) / rate) * 1_000);
  if (!process.stdout.write(`${JSON.stringify(doorEvent(vid))}\n`))
    await once(process.stdout, "drain");
}
