/*
 * The server that a stream comes from.
 */
var link = linkTo((options.url || "") + "stream");
var address = link.href;
var origin = originOf(link);

checkOptions(options, link);
