/*
 * The transports. Each is opened on a connection, which calls it back:
 *
 *   url(more)        the stream's absolute URL for this transport, with more parameters
 *   origin           of the server
 *   receive(event)   takes what came; the first is `open`
 *   end(refusal)     it is over; `refusal` is an `error` event, or nothing for any other end
 *   limit(ms)        end() it if neither this nor stop() is called within this many ms
 *   isLive()         whether anybody still listens
 *   isOnce           for a poll: end when there is nothing more
 *   token            for a request that can carry a header; absent where there is none
 *
 * and on which it sets those of these that it has:
 *
 *   stop(isHidden)   end it silently; called once. isHidden: its page goes away
 *   signs            any value that changes when something comes; receive() counts it up
 *   sign()           another such value, if heartbeats are not events
 *   isUnwatched      watch() does not look for its silence
 *   isMute           its heartbeats can't be heard: watch() asks where others count as cut
 *   isSource(window) whether a window posts for it
 */
var openers = {};
