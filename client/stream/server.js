/*
 * The server that a stream comes from.
 */
var link = linkTo(String(options.url || "").replace(/[^\/]$/, "$&/") + "stream");
var address = link.href;
var origin = originOf(link);

checkOptions(options, link);
