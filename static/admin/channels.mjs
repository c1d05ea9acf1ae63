/** The list of channels. */
import { ask } from "./api.mjs";
import { tail } from "./live.mjs";
import { buttonCell, cell, count, duration, element, fill, numberCell, refill } from "./page.mjs";

const PER_PAGE = 50;

const body = element("channel-rows");
let after = "";
let last = "";

/** Show the page of the list that was chosen. */
export async function showChannels() {
  refill(body, await loadChannels());
}

async function loadChannels() {
  const query = new URLSearchParams({ after, limit: PER_PAGE });
  const { channels } = await ask("GET", `channels?${query}`);
  last = channels.at(-1)?.channel ?? "";
  element("channel-next").disabled = channels.length < PER_PAGE;
  return channels.map((channel) => [channel.channel, rowOf(channel)]);
}

function rowOf({ channel, messages, rate, readers, retention, last: id }) {
  const { maxMessages, maxAgeMs } = retention;
  return [
    cell(channel, "wide", channel),
    numberCell(count(messages)),
    numberCell(rate < 0.05 ? "" : count(rate)),
    numberCell(count(readers)),
    cell(`${count(maxMessages)}, ${duration(maxAgeMs)}`),
    cell(id),
    buttonCell("Tail", `Tail ${channel}`, () => tail(channel)),
  ];
}

async function showFrom(name) {
  after = name;
  try {
    fill(body, await loadChannels());
  } catch {
    // the next look says what is wrong
  }
}

element("channel-first").addEventListener("click", () => void showFrom(""));
element("channel-next").addEventListener("click", () => void showFrom(last));
