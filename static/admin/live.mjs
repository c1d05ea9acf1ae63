/** Publishing, the tail of channels, and why a client got a message or not. */
import { ask, currentToken } from "./api.mjs";
import { cell, clock, element, fieldsOf } from "./page.mjs";

const ROWS_KEPT = 100;

/** So many of the messages that are kept are shown first. */
const LAST = 20;

let stream = null;

/** Show the messages of channels as they come, by a display frame. */
export function tail(channels) {
  stopTail();
  element("tail").elements.channels.value = channels;
  element("tail-rows").replaceChildren();
  element("tail-stop").disabled = false;
  stream = window.foreverframe.open({
    url: "../",
    channels,
    last: LAST,
    token: (done) => done(currentToken()),
    onmessage: ({ time, channel, id, data }) =>
      addRow([
        cell(clock(time)),
        cell(channel, "wide", channel),
        cell(id),
        cell(JSON.stringify(data), "data"),
      ]),
    ongap: ({ channels: missing, reason }) =>
      addRow([cell(""), cell(missing.join(", ")), cell("gap"), cell(reason, "red")]),
    onstate: (state, { transport = stream?.transport, reason, text, detail }) => {
      element("tail-state").textContent = [state, transport, reason, text, detail]
        .filter(Boolean)
        .join(", ");
    },
  });
  element("live").scrollIntoView();
}

function stopTail() {
  stream?.close();
  stream = null;
  element("tail-stop").disabled = true;
}

function addRow(cells) {
  const rows = element("tail-rows");
  const row = document.createElement("tr");
  row.append(...cells);
  rows.prepend(row);
  if (rows.rows.length > ROWS_KEPT) rows.lastElementChild.remove();
}

async function publish(event) {
  event.preventDefault();
  const { channel, data } = fieldsOf(event.target);
  const told = element("published");
  try {
    const path = `channels/${encodeURIComponent(channel)}/messages`;
    const { id } = await ask("POST", path, isJson(data) ? data : JSON.stringify(data));
    told.textContent = `published as ${id}`;
    element("explain").elements.id.value = id;
  } catch (error) {
    told.textContent = error.message;
  }
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function explain(event) {
  event.preventDefault();
  const told = element("explanation");
  const facts = element("facts");
  facts.replaceChildren();
  try {
    const answer = await ask("GET", `explain?${new URLSearchParams(fieldsOf(event.target))}`);
    told.textContent = `${answer.verdict}: ${answer.sentence}`;
    facts.append(
      ...answer.facts.map(({ at, what }) => {
        const item = document.createElement("li");
        item.textContent = `${clock(at)}: ${what}`;
        return item;
      }),
    );
  } catch (error) {
    told.textContent = error.message;
  }
}

element("publish").addEventListener("submit", publish);
element("explain").addEventListener("submit", explain);
element("tail").addEventListener("submit", (event) => {
  event.preventDefault();
  tail(fieldsOf(event.target).channels);
});
element("tail-stop").addEventListener("click", stopTail);
