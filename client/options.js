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

/** The query of a request for a stream, which resumes from `cursor` unless that is null. */
function queryOf(options, transport, cursor) {
  var query =
    "?transport=" + transport + "&channels=" + encodeURIComponent(String(options.channels));
  if (cursor !== null) {
    query += "&after=" + encodeURIComponent(cursor);
  } else if (options.after) {
    query += "&after=" + encodeURIComponent(options.after);
  } else if (options.last) {
    query += "&last=" + encodeURIComponent(options.last);
  }
  if (options.client) {
    query += "&client=" + encodeURIComponent(options.client);
  }
  return query;
}
