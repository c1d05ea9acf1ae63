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
  numberCell,
  refill,
  setText,
  size,
} from "./page.mjs";

const PER_PAGE = 50;

/** A stream that lags this much is shown in red, in ms. */
const LATE_MS = 10_000;

const body = element("stream-rows");
const filter = element("stream-filter");
let after = "";
let next = null;

/** Show the page of the list that was chosen. */
export async function showStreams() {
  const held = refill(body, await loadStreams());
  if (held > 0) tell(`${count(held)} more will show when you leave the list`);
  else if (body.querySelector("[aria-disabled]") === null) tell("");
}

function tell(text) {
  setText(element("stream-told"), text);
}

async function loadStreams() {
  const query = new URLSearchParams({ ...fieldsOf(filter), after, limit: PER_PAGE });
  const { streams, total, next: found } = await ask("GET", `streams?${query}`);
  next = found;
  element("stream-next").disabled = next === null;
  element("stream-count").textContent = count(total);
  return streams.map((stream) => [String(stream.handle), rowOf(stream)]);
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
  if (button.hasAttribute("aria-disabled")) return;
  // Not `disabled`, which would take the focus away from who closes one stream after the other.
  button.setAttribute("aria-disabled", "true");
  try {
    await ask("POST", `streams/${handle}/close`);
    button.textContent = "Closed";
    tell(`Stream ${handle} is closed`);
  } catch (error) {
    button.textContent = error.status === 404 ? "Gone" : "Failed";
    button.title = error.message;
    tell(error.message);
  }
  document.dispatchEvent(new Event("streams-closed"));
}

async function closeMany(event) {
  event.preventDefault();
  const { kind, name, text } = fieldsOf(event.target);
  const told = element("closed-many");
  const body = text === "" ? undefined : JSON.stringify({ text });
  try {
    const { closed } = await ask("POST", `${kind}/${encodeURIComponent(name)}/close`, body);
    told.textContent = closed === 1 ? "1 stream closed" : `${count(closed)} streams closed`;
    document.dispatchEvent(new Event("streams-closed"));
  } catch (error) {
    told.textContent = error.message;
  }
}

async function showFrom(cursor) {
  after = cursor;
  try {
    fill(body, await loadStreams());
    tell("");
  } catch (error) {
    tell(error.message);
  }
}

filter.addEventListener("submit", (event) => {
  event.preventDefault();
  void showFrom("");
});
filter.elements.sort.addEventListener("change", () => void showFrom(""));
filter.elements.transport.addEventListener("change", () => void showFrom(""));
element("stream-first").addEventListener("click", () => void showFrom(""));
element("stream-next").addEventListener("click", () => {
  if (next !== null) void showFrom(next);
});
element("close-many").addEventListener("submit", closeMany);
