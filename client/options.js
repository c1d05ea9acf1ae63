/*
 * What a page asks for: the options of open(). static/foreverframe.d.ts lists them.
 */

/** An option in ms: a number or text of one, Infinity for never. */
function orDefault(ms, otherwise) {
  return ms > 0 ? Number(ms) : otherwise;
}

/** Throws if no stream can be opened with these options from the server that `link` points to. */
function checkOptions(options, link) {
  if (!isAutomatic(options) && !openers.hasOwnProperty(options.transport)) {
    throw new Error('foreverframe: there is no transport "' + options.transport + '"');
  }
  // A frame of any other address would be a script of this page.
  if (!/^https?:$/.test(link.protocol)) {
    throw new Error('foreverframe: "' + options.url + '" is no address of a server');
  }
}

/** Whether the client chooses the transport. */
function isAutomatic(options) {
  return !options.transport || options.transport === "auto";
}

/** Whether the page asks for messages that are kept already. */
function asksForKept(options) {
  return !!(options.after || options.last || options.each || options.since);
}

/** The query of a request for a stream, which resumes from `cursor` unless that is null. */
function queryOf(options, transport, cursor) {
  var query = "?transport=" + transport;
  function add(name, value) {
    if (value) {
      query += "&" + name + "=" + encodeURIComponent(String(value));
    }
  }
  add("channels", options.channels);
  add("after", cursor === null ? options.after : cursor);
  if (cursor === null && !options.after) {
    add("last", options.last);
    add("each", options.each);
    add("since", toText(options.since));
  }
  add("latest", options.latest && 1);
  add("client", options.client);
  return query;
}

/** A date as Unix ms: its text would be in the browser's language. */
function toText(value) {
  return value && value.getTime ? value.getTime() : value;
}
