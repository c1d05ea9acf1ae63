/** The admin page: signs in, and looks at the server again and again. */
import { ask, currentToken, signIn, signOut } from "./api.mjs";
import { showChannels } from "./channels.mjs";
import { Charts } from "./charts.mjs";
import {
  cell,
  clock,
  count,
  duration,
  element,
  fill,
  numberCell,
  refill,
  setText,
  size,
} from "./page.mjs";
import { showStreams } from "./streams.mjs";

/** Pause between two looks, in ms. */
const LOOK_MS = 5_000;

let charts = null;
let timer = null;

async function look() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await show();
    showRefusal("");
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      leave(error.message);
      return;
    }
    showRefusal(error.message);
  }
  clearTimeout(timer); // of another look that began meanwhile
  timer = setTimeout(() => void look(), LOOK_MS);
}

async function show() {
  const stats = await ask("GET", `stats?since=${Math.max(0, (charts?.latest ?? 0) - 1)}`);
  element("sign-in").hidden = true;
  element("signed-in").hidden = false;
  charts ??= new Charts();
  charts.add(stats.samples);
  showServer(stats);
  showTrouble(stats);
  showProcesses(stats.processes);
  showEnded(stats.ended);
  showRefused(stats.refused);
  await Promise.all([showStreams(), showChannels()]);
}

function showServer({ processes, at }) {
  const [here] = processes;
  const servers = new Set(processes.map(({ server }) => server)).size;
  element("server").textContent =
    `${here.version} on Node.js ${here.node}, ${here.server}` +
    (servers > 1 ? ` and ${servers - 1} more` : "") +
    `, ${clock(at)}`;
  const sum = (read) => processes.reduce((so, one) => so + read(one), 0);
  const totals = [
    ["Streams", count(sum(({ streams }) => total(streams.byTransport)))],
    ["Behind", count(sum(({ streams }) => streams.behind))],
    ["Bytes waiting", size(sum(({ streams }) => streams.queuedBytes))],
    ["Published", count(sum(({ tally }) => tally.published))],
    ["Delivered", count(sum(({ tally }) => tally.delivered))],
    ["Gaps told", count(sum(({ tally }) => tally.gaps))],
    ["Refused", count(sum(({ tally }) => total(tally.refused)))],
    ["Disk free", here.disk === null ? "no disk" : size(here.disk.freeBytes)],
  ];
  element("totals").replaceChildren(
    ...totals.map(([name, value]) => {
      const pair = document.createElement("div");
      const term = document.createElement("dt");
      const definition = document.createElement("dd");
      term.textContent = name;
      definition.textContent = value;
      pair.append(term, definition);
      return pair;
    }),
  );
}

function total(counts) {
  return Object.values(counts).reduce((sum, value) => sum + value, 0);
}

function showTrouble({ processes, silent }) {
  const texts = new Set([
    ...processes.filter(({ trouble }) => trouble !== null).map(({ trouble }) => trouble.text),
    ...processes.flatMap(({ alarms }) =>
      alarms.map(({ code, since, text }) => `${text} (${code}, since ${clock(since)})`),
    ),
  ]);
  if (silent > 0) texts.add(`${silent} of the processes do not answer`);
  if (processes.some(({ draining }) => draining)) texts.add("A process is stopping");
  const list = element("trouble");
  list.hidden = texts.size === 0;
  const shown = Array.from(list.children, ({ textContent }) => textContent);
  // Screen readers would say it at each look.
  if (shown.join("\n") === [...texts].join("\n")) return;
  list.replaceChildren(
    ...[...texts].map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }),
  );
}

function showProcesses(processes) {
  fill(
    element("processes"),
    processes.map((one) => [`${one.server} ${one.worker} ${one.pid}`, processRow(one)]),
  );
}

function processRow(one) {
  return [
    cell(one.server),
    cell(String(one.worker)),
    cell(String(one.pid)),
    cell(one.version),
    cell(duration(Date.now() - one.startedAt)),
    numberCell(count(total(one.streams.byTransport))),
    numberCell(count(one.streams.behind)),
    numberCell(size(one.rssBytes)),
    numberCell(count(one.cpuSeconds)),
    numberCell(duration(one.loopDelay * 1_000)),
    one.trouble === null ? cell(one.draining ? "stopping" : "runs") : cell(one.trouble.code, "red"),
  ];
}

function showEnded(ended) {
  refill(
    element("ended-rows"),
    ended.map((one) => [`${one.handle} ${one.closedAt}`, endedRow(one)]),
  );
}

function endedRow(one) {
  return [
    cell(clock(one.closedAt)),
    numberCell(String(one.handle)),
    cell(one.client ?? "", "wide", one.client ?? ""),
    cell(one.reason, one.reason === "slow" ? "red" : ""),
    cell(one.channels.join(", "), "wide", one.channels.join(", ")),
    cell(one.transport),
    cell(one.address ?? ""),
    numberCell(count(one.messages)),
    numberCell(duration(one.closedAt - one.openedAt)),
  ];
}

function showRefused(refused) {
  refill(
    element("refused-rows"),
    refused.map((one, n) => [
      `${one.at} ${one.code} ${one.address} ${n}`,
      [
        cell(clock(one.at)),
        cell(one.code),
        cell(one.route),
        cell(one.client ?? "", "wide", one.client ?? ""),
        cell(one.address ?? ""),
      ],
    ]),
  );
}

function showRefusal(text) {
  const refused = element("refused");
  refused.hidden = text === "";
  setText(refused, text);
}

function leave(text) {
  signOut();
  element("signed-in").hidden = true;
  element("sign-in").hidden = false;
  showRefusal(text);
  element("token").focus();
}

element("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(element("token").value.trim());
  element("token").value = "";
  void look();
});
document.addEventListener("streams-closed", () => void look());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !element("signed-in").hidden) void look();
});
if (currentToken() === "") element("token").focus();
else void look();
