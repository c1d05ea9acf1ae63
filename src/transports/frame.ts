import { formatJson } from "../core/json.ts";
import type { Transport } from "../core/transport.ts";
import { ForeverframeError, shorten } from "../errors.ts";

/** The callback of a frame that asked for none, and of every refusal. */
export const DEFAULT_CALLBACK = "parent.push";

const MAX_CALLBACK_BYTES = 64;
const CALLBACK = /^[A-Za-z_$][A-Za-z0-9_$]*(?:\.[A-Za-z_$][A-Za-z0-9_$]*)*$/;

/**
 * The first event's `</script>` ends here or later: WebKit holds back the first 512 to 1,024 bytes,
 * Firefox 1,024 to sniff.
 */
const FIRST_SCRIPT_ENDS_AT = 2_048;

/** Starts each script that posts an event: it calls a function of the document's own. */
const POSTED = { before: Buffer.from("<script>push("), after: Buffer.from(")</script>") };

// As a window of its own, the document has no page around it, but perhaps one that opened it: then
// it does nothing.
const ALONE =
  'if(parent===self){document.write("A display frame works in a page only.");' +
  'if(self.stop)stop();else document.execCommand("Stop")}';

// A script that has run stays a node of the document for ever: an hour of messages would cost the
// panel its memory. The last one is left alone, since it may have come only in part: a script that
// is taken out before its end has come never runs.
const SWEEP =
  "setInterval(function(){" +
  'for(var s=document.getElementsByTagName("script"),i=s.length-2;i>=0;i--)s[i].parentNode.removeChild(s[i])' +
  "},500)";

/**
 * Names by which a callback would reach out of the page around the frame, or into what no page
 * calls by itself: in a window of its own, a display document could press buttons in the window
 * that opened it.
 */
const RESERVED = new Set([
  "__proto__",
  "constructor",
  "contentWindow",
  "defaultView",
  "document",
  "frames",
  "globalThis",
  "location",
  "navigation",
  "opener",
  "parent",
  "prototype",
  "self",
  "top",
  "window",
]);

/**
 * Names that every window has, and that do something when they are called or have such functions. A
 * page's callbacks have names of their own.
 */
const OF_WINDOWS = new Set(
  (
    "alert blur caches captureEvents clearInterval clearTimeout close confirm cookieStore createImageBitmap crypto " +
    "customElements eval execScript external fetch find focus Function getSelection history Image importScripts indexedDB " +
    "localStorage matchMedia moveBy moveTo navigate navigator open performance postMessage print prompt queueMicrotask " +
    "releaseEvents reportError requestAnimationFrame requestIdleCallback resizeBy resizeTo scheduler screen scroll scrollBy " +
    "scrollTo sessionStorage setInterval setTimeout showDirectoryPicker showModalDialog showOpenFilePicker showSaveFilePicker " +
    "speechSynthesis stop structuredClone trustedTypes visualViewport Worker XMLHttpRequest"
  ).split(" "),
);

/**
 * Words of the language. Old browsers take them for nothing else, not even behind a dot; and what
 * looks like a call of `while` is a loop, a call of `this.alert` one of the browser's own.
 */
const KEYWORDS = new Set(
  (
    "break case catch class const continue debugger default delete do else enum export extends false finally for function if " +
    "import in instanceof new null return super switch this throw true try typeof var void while with"
  ).split(" "),
);

/** Whether a text is the name of a function that may be called. */
export function isCallback(text: string): boolean {
  if (text.length > MAX_CALLBACK_BYTES || !CALLBACK.test(text)) return false;
  const names = text.split(".");
  if (names.some((name) => KEYWORDS.has(name))) return false;
  const [first = "", ...others] = names;
  const own = first === "parent" ? others[0] : first;
  if (own !== undefined && OF_WINDOWS.has(own)) return false;
  return (first === "parent" || !RESERVED.has(first)) && !others.some((name) => RESERVED.has(name));
}

/**
 * Check the function that a script of an answer calls.
 *
 * @throws ForeverframeError FF_CALLBACK_INVALID
 */
export function parseCallback(text: string): string {
  if (isCallback(text)) return text;
  throw invalidCallback(text, 'names joined by dots, such as "heard"');
}

/**
 * Check the function that a display frame calls: one of the page around it.
 *
 * @throws ForeverframeError FF_CALLBACK_INVALID
 */
export function parseFrameCallback(text: string): string {
  if (isCallback(text) && text.startsWith("parent.")) return text;
  throw invalidCallback(text, '"parent." and names joined by dots, such as "parent.push"');
}

function invalidCallback(text: string, remedy: string): ForeverframeError {
  return new ForeverframeError(
    "FF_CALLBACK_INVALID",
    `The callback "${shorten(text)}" is not a function of the page: use ${remedy}, at most ${MAX_CALLBACK_BYTES} bytes, none of the browser's own such as "opener" or "alert", and no word of the language such as "new"`,
  );
}

/**
 * The forever-iframe: an HTML document that never ends, where each event is a script that calls the
 * page around it.
 *
 * @param callback a checked callback
 */
export function frameTransport(callback: string): Transport {
  const wrapped = { before: Buffer.from(`<script>${callback}(`), after: POSTED.after };
  return createFrame(callback, wrapped, SWEEP, " ");
}

/**
 * A forever-iframe in a page of another origin: each event is posted to it as JSON text, and to no
 * other page that may have taken its place. So is a heartbeat, as an event of a type that clients
 * don't know, since the page can't look into the frame.
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
    `<!doctype html><html><head><meta charset="utf-8"><title></title><script>${ALONE}${script}</script></head><body>`,
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
