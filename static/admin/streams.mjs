/** The list of live streams, and what closes them. */
import { ask } from "./api.mjs";
import {
  buttonCell,
  cell,
  count,
  duration,
  element,
  fieldsOf,
  fill,
  isInUse,
  numberCell,
  size,
} from "./page.mjs";

const PER_PAGE = 50;

/** A stream that lags this much is shown in red, in ms. */
const LATE_MS = 10_000;

const body = element("stream-rows");
const filter = element("stream-filter");
let after = "";
let next = null;

/** Show the page of the list that was chosen, unless somebody points at it. */
export async function showStreams() {
  if (isInUse(body)) {
    element("stream-paused").textContent = "The list stands still while you are in it";
    return;
  }
  await loadStreams();
}

async function loadStreams() {
  const query = new URLSearchParams({ ...fieldsOf(filter), after, limit: PER_PAGE });
  const { streams, total, next: found } = await ask("GET", `streams?${query}`);
  next = found;
  element("stream-next").disabled = next === null;
  element("stream-count").textContent = count(total);
  element("stream-paused").textContent = "";
  fill(body, streams.map(rowOf));
}

function rowOf(stream) {
  const { handle, client, subject, channels, transport, address, browser } = stream;
  const { messages, acked, queuedBytes, lagMs, openMs, bytes } = stream;
  const who = client ?? subject ?? "";
  const wanted = channels.join(", ");
  return [
    numberCell(String(handle)),
    cell(who, "wide", subject === null ? who : `${who} (subject ${subject})`),
    cell(wanted, "wide", wanted),
    cell(transport),
    cell(address ?? ""),
    cell(browser ?? ""),
    numberCell(count(messages)),
    cell(acked ?? "never", "wide", acked ?? ""),
    numberCell(queuedBytes === 0 ? "" : size(queuedBytes), "red"),
    numberCell(lagMs === 0 ? "" : duration(lagMs), lagMs > LATE_MS ? "red" : ""),
    numberCell(duration(openMs)),
    numberCell(size(bytes)),
    buttonCell("Close", `Close stream ${handle} of ${who || "a client without a name"}`, (button) =>
      closeOne(handle, button),
    ),
  ];
}

async function closeOne(handle, button) {
  button.disabled = true;
  try {
    await ask("POST", `streams/${handle}/close`);
    button.textContent = "Closed";
  } catch (error) {
    button.textContent = error.status === 404 ? "Gone" : "Failed";
    button.title = error.message;
  }
}

async function closeMany(event) {
  event.preventDefault();
  const { kind, name, text } = fieldsOf(event.target);
  const told = element("closed-many");
  const body = text === "" ? undefined : JSON.stringify({ text });
  try {
    const { closed } = await ask("POST", `${kind}/${encodeURIComponent(name)}/close`, body);
    told.textContent = closed === 1 ? "1 stream closed" : `${count(closed)} streams closed`;
  } catch (error) {
    told.textContent = error.message;
  }
}

function showFrom(cursor) {
  after = cursor;
  loadStreams().catch((error) => {
    element("stream-paused").textContent = error.message;
  });
}

filter.addEventListener("submit", (event) => {
  event.preventDefault();
  showFrom("");
});
filter.elements.sort.addEventListener("change", () => showFrom(""));
filter.elements.transport.addEventListener("change", () => showFrom(""));
element("stream-first").addEventListener("click", () => showFrom(""));
element("stream-next").addEventListener("click", () => {
  if (next !== null) showFrom(next);
});
element("close-many").addEventListener("submit", closeMany);
