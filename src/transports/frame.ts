import { formatJson } from "../core/json.ts";
import type { Transport } from "../core/transport.ts";
import { ForeverframeError, shorten } from "../errors.ts";

/** The callback of a frame that asked for none, and of every refusal. */
export const DEFAULT_CALLBACK = "parent.push";

const MAX_CALLBACK_BYTES = 64;
const CALLBACK = /^[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*$/;

/** The first event's `</script>` ends here or later: WebKit holds back the first 512 to 1,024 bytes, Firefox 1,024 to sniff. */
const FIRST_SCRIPT_ENDS_AT = 2_048;

/** Starts each script that posts an event: it calls a function of the document's own. */
const POSTED = { before: Buffer.from("<script>push("), after: Buffer.from(")</script>") };

// A script that has run stays a node of the document for ever: an hour of messages would cost the panel its memory. The
// last one is left alone, since it may have come in part: a script that is taken out before its end never runs.
const SWEEP =
  "setInterval(function(){" +
  'for(var s=document.getElementsByTagName("script"),i=s.length-2;i>=0;i--)s[i].parentNode.removeChild(s[i])' +
  "},500)";

/** Whether a text is the name of a function that may be called. */
export function isCallback(text: string): boolean {
  return text.length <= MAX_CALLBACK_BYTES && CALLBACK.test(text);
}

/**
 * Check the function that a display frame calls.
 *
 * @throws ForeverframeError FF_CALLBACK_INVALID
 */
export function parseCallback(text: string): string {
  if (isCallback(text)) return text;
  throw new ForeverframeError(
    "FF_CALLBACK_INVALID",
    `The callback "${shorten(text)}" is no name of a function: use names joined by dots, such as "parent.push", at most ${MAX_CALLBACK_BYTES} bytes`,
  );
}

/**
 * The forever-iframe: an HTML document that never ends, where each event is a script that calls the page around it.
 *
 * @param callback a checked callback
 */
export function frameTransport(callback: string): Transport {
  const wrapped = { before: Buffer.from(`<script>${callback}(`), after: POSTED.after };
  return createFrame(callback, wrapped, SWEEP, " ");
}

/**
 * A forever-iframe in a page of another origin: each event is posted to it as JSON text, and to no other page that may have
 * taken its place. So is a heartbeat, as an event of a type that clients don't know, since the page can't look into the frame.
 *
 * @param origin a checked origin, of the page around the frame
 */
export function postedFrameTransport(origin: string): Transport {
  const post = `function push(e){parent.postMessage(JSON.stringify(e),${formatJson(origin)})}${SWEEP}`;
  return createFrame(
    `posted ${origin}`,
    POSTED,
    post,
    '<script>push({"type":"heartbeat"})</script>',
  );
}

function createFrame(
  key: string,
  wrapped: { readonly before: Buffer; readonly after: Buffer },
  script: string,
  heartbeat: string,
): Transport {
  const head = Buffer.from(
    `<!doctype html><html><head><meta charset="utf-8"><title></title><script>${script}</script></head><body>`,
  );
  return {
    name: "frame",
    key: `frame ${key}`,
    recycles: true,
    contentType: "text/html; charset=utf-8",
    preamble(firstLength) {
      const padding = Math.max(0, FIRST_SCRIPT_ENDS_AT - head.length - firstLength);
      return Buffer.concat([head, Buffer.alloc(padding, " ")]);
    },
    wrap: () => wrapped,
    epilogue: Buffer.from("</body></html>"),
    heartbeat: Buffer.from(heartbeat),
  };
}

/** The frame of most streams. */
export const defaultFrame: Transport = frameTransport(DEFAULT_CALLBACK);
