// Runs the tests in several mocha processes beside one another, since most tests wait most of the
// time: every `*.test.ts`, and with the argument "all" every `*.all.ts`, too, and the tests of what
// browsers do in each of them. CONTRIBUTING.md says what belongs where. Prints what each process
// has said when it ends, those with failed tests last. A file that fails beside the others is run
// again by itself: only what fails there counts as failed, but each such file is named, since a
// test that needs this has a fault, too.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

const [size, ...others] = process.argv.slice(2);
if ((size !== undefined && size !== "all") || others.length > 0) {
  process.stderr.write('npm test takes one argument, "all"; npx mocha runs single files.\n');
  process.exit(2);
}
const IS_ALL = size === "all";

/**
 * So many processes begin with the tests in browsers, and as many others run beside them; one more
 * where no Firefox takes its CPU. More of them end no sooner, and their tests come too late.
 */
const LANES = availableParallelism();

/**
 * A process is stopped when it says nothing for this long, in ms: longer than any test may take. So
 * a test that never ends is named, and does not keep all others.
 */
const SILENT_MS = 420_000;

/** It may take this long to end after its tests, in ms: what is left open keeps it. */
const END_MS = 30_000;

/** And this long when it is told to stop. */
const STOP_MS = 10_000;

/**
 * Files that measure time, memory or CPU: two processes run them, each on a core of its own, and
 * nothing beside.
 */
const MEASURING = [
  [
    "test/http/stuck-views.all.ts", // first: it measures the memory of its process
    "test/core/view.test.ts",
    "test/core/oldest.test.ts",
    "test/fuzz/fuzz.all.ts",
    "test/fuzz/time.all.ts",
    "test/logs/due-queue.test.ts",
  ],
  [
    "test/http/tls-memory.all.ts",
    "test/http/long-heads.all.ts",
    "test/http/budget.all.ts",
    "test/http/storm.all.ts",
  ],
];

/** Those that take all of it, but for one another. */
const BUSY = [
  ["test/chaos/chaos.all.ts"],
  ["test/http/slow-readers.all.ts", "test/tokens/floods.all.ts"],
];
const ALONE = [...MEASURING, ...BUSY].flat();

/**
 * How long files take beside one another on two cores, in s, as the last run has named them, so
 * that all processes end at about the same time.
 */
const SECONDS = {
  "test/browser/admin.test.ts": 33,
  "test/browser/classic.test.ts": 26,
  "test/browser/client-asks.test.ts": 28,
  "test/browser/client-away.test.ts": 90,
  "test/browser/client-blocked.test.ts": 5,
  "test/browser/client-crash.test.ts": 68,
  "test/browser/client-cycles.all.ts": 20,
  "test/browser/client-late.test.ts": 25,
  "test/browser/client-life.test.ts": 47,
  "test/browser/client-load.test.ts": 21,
  "test/browser/client-origin.test.ts": 12,
  "test/browser/client-page.test.ts": 20,
  "test/browser/client-path.test.ts": 67,
  "test/browser/client-renewal.test.ts": 17,
  "test/browser/client-restore.test.ts": 29,
  "test/browser/client-tabs.test.ts": 60,
  "test/browser/client-times.test.ts": 34,
  "test/browser/client-token.test.ts": 9,
  "test/browser/cookies.test.ts": 9,
  "test/browser/gearman.test.ts": 20,
  "test/browser/outside.test.ts": 8,
  "test/browser/prefix.test.ts": 9,
  "test/browser/story.test.ts": 18,
  "test/browser/tls.test.ts": 6,
  "test/buses/leased-duties.test.ts": 11,
  "test/buses/redis-bus.test.ts": 22,
  "test/buses/redis-nodes.test.ts": 20,
  "test/clients/clients.all.ts": 36,
  "test/commands/admin-commands.test.ts": 42,
  "test/commands/backup.test.ts": 58,
  "test/commands/bench.test.ts": 10,
  "test/commands/commands.test.ts": 90,
  "test/commands/completion.test.ts": 8,
  "test/commands/doctor.all.ts": 90,
  "test/commands/foreign-text.test.ts": 11,
  "test/commands/hostile-server.test.ts": 11,
  "test/commands/publish-connection.test.ts": 17,
  "test/core/excerpt.test.ts": 10,
  "test/core/poll-hand-over.test.ts": 9,
  "test/core/rare-patterns.test.ts": 7,
  "test/engines/engines.all.ts": 90,
  "test/engines/engines.test.ts": 74,
  "test/examples/cluster.all.ts": 10,
  "test/examples/node.all.ts": 13,
  "test/examples/php.all.ts": 10,
  "test/examples/prometheus.all.ts": 8,
  "test/examples/publish-connection.all.ts": 6,
  "test/examples/session.test.ts": 42,
  "test/faults/drain.test.ts": 33,
  "test/faults/full-disk.all.ts": 36,
  "test/faults/idle.test.ts": 14,
  "test/faults/kill.test.ts": 7,
  "test/faults/lock.all.ts": 21,
  "test/faults/log-directory.all.ts": 9,
  "test/faults/log-trouble.all.ts": 60,
  "test/faults/redis-access.all.ts": 41,
  "test/faults/redis-cluster.all.ts": 21,
  "test/faults/redis-nodes.all.ts": 54,
  "test/faults/redis-sentinel.all.ts": 94,
  "test/faults/redis.all.ts": 46,
  "test/hooks/server-events.test.ts": 20,
  "test/hooks/stream-hooks.test.ts": 11,
  "test/http/access.test.ts": 7,
  "test/http/connection-states.test.ts": 87,
  "test/http/control.test.ts": 9,
  "test/http/few-sockets.test.ts": 12,
  "test/http/frame.test.ts": 8,
  "test/http/limits.test.ts": 5,
  "test/http/poll.test.ts": 8,
  "test/http/publish-connection-input.test.ts": 8,
  "test/http/publish-connection-limits.test.ts": 9,
  "test/http/recycle.test.ts": 8,
  "test/http/resume.test.ts": 5,
  "test/http/shared-connection.test.ts": 10,
  "test/http/sse.test.ts": 18,
  "test/http/state.test.ts": 8,
  "test/http/tls-transport-contract.all.ts": 12,
  "test/http/tls.test.ts": 13,
  "test/http/transport-contract.test.ts": 62,
  "test/library/api.all.ts": 29,
  "test/library/foreverframe.test.ts": 9,
  "test/library/guide.all.ts": 133,
  "test/library/hostile.test.ts": 26,
  "test/library/neighbours.test.ts": 5,
  "test/library/package.all.ts": 126,
  "test/library/publish-connection.test.ts": 6,
  "test/library/transport-contract.all.ts": 22,
  "test/logs/handed-appends.test.ts": 8,
  "test/logs/lmdb-log.test.ts": 18,
  "test/logs/lmdb-number.test.ts": 15,
  "test/logs/old-log.test.ts": 7,
  "test/logs/redis/redis-log.test.ts": 11,
  "test/logs/redis/redis-network.all.ts": 19,
  "test/logs/redis/redis-start.all.ts": 40,
  "test/logs/redis/redis-trouble.all.ts": 8,
  "test/logs/redis/redis-wait.all.ts": 52,
  "test/middleboxes/meddling.all.ts": 66,
  "test/middleboxes/shipped.all.ts": 13,
  "test/process/health.test.ts": 15,
  "test/process/serve.test.ts": 25,
  "test/process/service-manager.test.ts": 28,
  "test/redis/find-redis.test.ts": 5,
  "test/session/authorize-url.test.ts": 42,
  "test/sources/gearman.test.ts": 92,
  "test/static/client.test.ts": 5,
  "test/tokens/log.test.ts": 10,
  "test/tokens/ownership.test.ts": 8,
  "test/tokens/renewal.test.ts": 26,
  "test/tokens/revocation.test.ts": 34,
  "test/tokens/tickets.test.ts": 9,
  "test/tokens/tokens.test.ts": 16,
  "test/workers/appends.test.ts": 11,
  "test/workers/keys.test.ts": 11,
  "test/workers/operate.test.ts": 13,
  "test/workers/tls-transport-contract.all.ts": 62,
  "test/workers/tls.all.ts": 19,
  "test/workers/transport-contract.all.ts": 153,
  "test/workers/workers.test.ts": 76,
};
const OTHER_SECONDS = 2;
/** With all, a test of pages takes so many times as long, since it runs in two browsers. */
const IN_EACH = 1.7;

const secondsOf = (file) => {
  const seconds = SECONDS[file] ?? OTHER_SECONDS;
  return IS_ALL && file.startsWith("test/browser/") ? IN_EACH * seconds : seconds;
};

/** Deal files out to lanes: the longest first, each to the lane that has least to do. */
function deal(files, lanes) {
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const [lane] = lanes.toSorted((a, b) => a.seconds - b.seconds);
    lane.files.push(file);
    lane.seconds += secondsOf(file);
  }
}

/** The reporter's last lines. */
const TOTAL = /^(\d+) passed, (\d+) failed$/m;
const FAILED_FILE = /^failed: (\S+)$/gm;

const env = IS_ALL ? { TEST_MATRIX: "each", ...process.env } : process.env;
const children = new Set();

/** Send a signal to a mocha and all that its tests have started. */
function signalAll(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // they have ended
  }
}

/** Stop a mocha and all that its tests have started, whatever they do. */
function stop(child) {
  signalAll(child, "SIGINT");
  setTimeout(() => {
    if (!children.has(child)) return;
    signalAll(child, "SIGKILL");
    // A process in another group may have the other ends.
    child.stdout.destroy();
    child.stderr.destroy();
  }, STOP_MS);
}

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const child of children) signalAll(child, "SIGINT");
    process.exit(1);
  });

/** Run some files in one process. A mocha that fails without a failed test counts as one. */
function run(files) {
  const started = performance.now();
  const child = spawn("node_modules/.bin/mocha", files, { cwd: ROOT, detached: true, env });
  children.add(child);
  let output = "";
  let hasEnded = false;
  const stopSilent = () => {
    output += `It has said nothing for ${SILENT_MS / 1_000} s, and is stopped.\n`;
    stop(child);
  };
  let timer = setTimeout(stopSilent, SILENT_MS);
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (hasEnded) return;
      hasEnded = TOTAL.test(text);
      clearTimeout(timer);
      timer = hasEnded ? setTimeout(stop, END_MS, child) : setTimeout(stopSilent, SILENT_MS);
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      children.delete(child);
      const seconds = Math.round((performance.now() - started) / 1_000);
      const [isWhole, passed = 0, failed = 0] = TOTAL.exec(output) ?? [];
      const isGood = code === 0 && isWhole !== undefined;
      output += `${files.join(" ")}: ${seconds} s${isGood ? "" : `, ended with ${signal ?? code}`}\n`;
      if (isGood) process.stdout.write(output);
      const named = Array.from(output.matchAll(FAILED_FILE), ([, file]) => file);
      resolve({
        passed: Number(passed),
        failed: isGood ? 0 : Math.max(failed, 1),
        failedFiles: isGood || named.length > 0 ? named : files,
        output,
      });
    });
  });
}

const allFiles = readdirSync(join(ROOT, "test"), { recursive: true })
  .map((name) => `test/${name}`)
  .filter((name) => /\.(?:test|all)\.ts$/.test(name))
  .sort();
for (const file of [...ALONE, ...Object.keys(SECONDS)])
  if (!allFiles.includes(file)) throw new Error(`There is no ${file}: correct test/run.mjs`);

const files = IS_ALL ? allFiles : allFiles.filter((name) => name.endsWith(".test.ts"));
const together = files.filter((file) => !ALONE.includes(file));
const isInBrowsers = (file) => /^test\/(browser|engines|middleboxes)\//.test(file);
const lanes = Array.from({ length: 2 * LANES + (IS_ALL ? 0 : 1) }, () => ({
  files: [],
  seconds: 0,
}));
deal(together.filter(isInBrowsers), lanes.slice(0, LANES));
deal(
  together.filter((file) => !isInBrowsers(file)),
  lanes,
);
/** Run lists side by side, each in one process. */
const runAll = (lists) => {
  const present = lists.map((list) => list.filter((file) => files.includes(file)));
  return Promise.all(present.filter((list) => list.length > 0).map((list) => run(list)));
};
const results = [
  ...(await runAll(lanes.map(({ files }) => files))),
  ...(await runAll(MEASURING)),
  ...(await runAll(BUSY)),
];
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
for (const { failed, output } of results) if (failed > 0) process.stdout.write(output);
let failed = sum("failed");
const again = [...new Set(results.flatMap(({ failedFiles }) => failedFiles))];
if (again.length > 0) {
  process.stdout.write(`\nAgain, alone: ${again.join(" ")}\n`);
  const result = await run(again);
  if (result.failed > 0) process.stdout.write(result.output);
  else process.stdout.write("They pass alone: find out why they did not beside the others.\n");
  failed = result.failed;
}
if (!IS_ALL) {
  const left = allFiles.length - files.length;
  process.stdout.write(`\nNot run: ${left} files, and Firefox for most pages: npm test -- all\n`);
}
process.stdout.write(`\n${sum("passed") + sum("failed") - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
