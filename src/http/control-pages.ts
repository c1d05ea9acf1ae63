import { formatJson } from "../core/json.ts";
import type { Receipt } from "../core/summaries.ts";

const STYLE = '<link rel="stylesheet" href="foreverframe.css">';

/**
 * The control frame's page. It works without script: a form posts the close from the frame itself.
 */
export function formatControlPage(stream: string, receipt: Receipt | null): string {
  const state =
    receipt === null
      ? `<p id="state">This stream is open.</p>
<form method="post" action="streams/${escapeHtml(encodeURIComponent(stream))}/close"><button id="close" type="submit">Close the stream</button></form>`
      : `<p id="state">${describe(receipt)}</p>`;
  return page("Control", STYLE, state);
}

/** The page for an id that no known stream has. */
export function formatUnknownPage(): string {
  const text = "No stream with this id is open, and none was closed a short while ago.";
  return page(
    "Control",
    STYLE,
    `<p id="state">${text}</p>\n<p><a href="control.html">Give another id</a></p>`,
  );
}

/**
 * The answer to the form, for the page around the frame and for the person who looks at the frame.
 */
export function formatReceiptPage(receipt: Receipt, nonce: string): string {
  const call = `try{parent.controlled(${formatJson(receipt)})}catch(e){}`;
  // Most are never seen, in a hidden frame: no style sheet, which would be one more request.
  return page(
    "Closed",
    `<style nonce="${nonce}">body{font:15px sans-serif}</style>`,
    `<p id="state">${describe(receipt)}</p>\n<script nonce="${nonce}">${call}</script>`,
  );
}

function describe({ reason, messages, openMs, text = "" }: Receipt): string {
  const seconds = Math.round(openMs / 1_000);
  const why = text === "" ? reason : `${reason}: ${escapeHtml(text)}`;
  return `This stream is closed (${why}): it was open for ${seconds} s and was given ${messages} messages.`;
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>${head}</head>
<body>
${body}
</body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
