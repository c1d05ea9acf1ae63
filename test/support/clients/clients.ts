import { CodeBlocks } from "../code-blocks.ts";
import type { Client, Runtime } from "./client.ts";

const blocks = new CodeBlocks("docs/clients.md");

const LANGUAGES = { Chromium: "js", Node: "js", Python: "python", PHP: "php" } as const;

/** With the code of docs/clients.md below its heading. */
function documented(heading: string, runtime: Runtime, name = heading): Client {
  const packageName = name === heading ? heading : null;
  return { name, packageName, runtime, code: blocks.take(heading, LANGUAGES[runtime]) };
}

/** With no more code than it needs to get messages. */
function bare(packageName: string, runtime: Runtime, code: string, how = "bare"): Client {
  return { name: `${packageName}, ${how}`, packageName, runtime, code };
}

const fixedWebSocket = (query: string) => `
import ReconnectingWebSocket from "reconnecting-websocket";
import { WebSocket } from "ws";
const address = "ws://127.0.0.1:8080/stream?transport=ws&channels=doors${query}";
const socket = new ReconnectingWebSocket(address, [], { WebSocket });
socket.onmessage = ({ data }) => {
  if (JSON.parse(data).type === "message") console.log(data);
};`;

/** The rows of docs/clients.md. */
export const CLIENTS: readonly Client[] = [
  documented("The browser's EventSource", "Chromium", "the browser's EventSource"),
  documented("eventsource", "Node"),
  documented("eventsource-client", "Node"),
  documented("launchdarkly-eventsource", "Node"),
  documented("event-source-polyfill", "Chromium"),
  documented("@microsoft/fetch-event-source", "Chromium"),
  bare(
    "@microsoft/fetch-event-source",
    "Chromium",
    `import { fetchEventSource } from "@microsoft/fetch-event-source";
fetchEventSource("/stream?channels=doors", {
  onmessage: ({ event, data }) => event === "" && data !== "" && console.log(data),
});`,
  ),
  documented("reconnecting-eventsource", "Chromium"),
  bare(
    "reconnecting-eventsource",
    "Chromium",
    `import ReconnectingEventSource from "reconnecting-eventsource";
new ReconnectingEventSource("/stream?channels=doors").onmessage = ({ data }) => console.log(data);`,
  ),
  documented("Python", "Python", "requests"),
  documented("PHP", "PHP", "curl"),
  documented("ws", "Node"),
  documented("reconnecting-websocket", "Node"),
  bare("reconnecting-websocket", "Node", fixedWebSocket(""), "fixed address"),
  bare(
    "reconnecting-websocket",
    "Node",
    fixedWebSocket("&last=100"),
    "fixed address with `last=100`",
  ),
];

/** Code in docs/clients.md that no row runs. */
export const LEFT_CODE = blocks.left;
