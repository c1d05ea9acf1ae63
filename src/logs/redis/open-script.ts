import { NUMBERS } from "./lua.ts";

/**
 * Find the epoch of the log, or begin one: in a Redis that has no log, in one that may have lost
 * messages since it was last looked at, and in one that lacks a part of the log, which is then
 * emptied except for its revocations.
 *
 * The names of epochs rise (they begin with the time), so cursors of successive epochs compare as
 * strings, too.
 *
 * ARGV: Unix ms or an empty text for the server's clock, the name of this life of the Redis,
 * `always` if each write of it is on the disk before it is answered and no replica may take its
 * place, `1` to believe that a restart loses nothing, Unix ms of its start, the epoch that the
 * caller knows or an empty text, three random digits, how many replicas are awaited, and the
 * position up to which the caller has shown messages.
 *
 * Answers `OK` or `NEW`, the epoch, the epoch before it or an empty text, the position from which
 * that is continued, the time, the time of the newest append, the position up to which messages are
 * shown, and `1` if this is the first look at a log that an earlier life of the Redis has kept. Or
 * `WAITS` with the number of replicas that another server awaits now.
 */
export const OPEN_SOURCE = `${NUMBERS}
local call = redis.call
local marks, names, records, index, data, due, shared, sharedRows, keys, expiries, revoked =
  unpack(KEYS, 1, 11)
local life, keeping, isTrusted = ARGV[2], ARGV[3], ARGV[4] == "1"
local startedAt, knownEpoch, random = tonumber(ARGV[5]), ARGV[6], ARGV[7]
local awaited, known = tonumber(ARGV[8]), ARGV[9]
local ORIGIN = "0000000000000"
local now = tonumber(ARGV[1])
if not now then
  local t = call("TIME")
  now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function mark(field, otherwise) return call("HGET", marks, field) or otherwise end
local others = tonumber(mark("waits", "0"))
if others ~= awaited and tonumber(mark("waitsUntil", "0")) > now then
  return {"WAITS", number(others)}
end
local epoch, before = mark("epoch", nil), mark("before", "")
local tip, lostTo = mark("tip", ORIGIN), mark("lostTo", ORIGIN)
local knownLife, knownKeeping = mark("life", ""), mark("keeping", "")
local time = tonumber(mark("time", "0"))
local messages, channels = tonumber(mark("messages", "0")), tonumber(mark("channels", "0"))
local rows = call("ZCARD", index)
local isWhole = epoch and rows >= messages and call("HLEN", data) == rows
  and call("HLEN", records) == channels and call("ZCARD", names) == channels
local isKept = knownLife == life or isTrusted
  or (knownKeeping == "always" and keeping == "always" and startedAt >= time - 1000)
local isLoaded = (epoch and knownLife ~= life) and "1" or "0"
-- The mark of what replicas have. Where it was not kept, all that is there was promised without
-- them. A replica that has taken the master's place may have an older one than was seen of it.
local committed = mark("committed", nil)
local function answer(word)
  local shown = tip
  if awaited > 0 then
    shown = committed or tip
    local isKnown = knownEpoch == epoch or knownEpoch == before
    if isKnown and known > shown then shown = known end
    if shown > tip then shown = tip end
    if shown ~= committed then
      call("HDEL", marks, "-")
      call("HSET", marks, "committed", shown)
    end
  elseif committed then
    call("HDEL", marks, "committed")
  end
  return {word, epoch, before, lostTo, number(now), number(time), shown, isLoaded}
end
if isWhole and isKept and epoch >= knownEpoch then
  if knownLife ~= life or knownKeeping ~= keeping then
    call("HDEL", marks, "-")
    call("HSET", marks, "life", life, "keeping", keeping)
  end
  return answer("OK")
end
local oldest = epoch or knownEpoch
if knownEpoch > oldest then oldest = knownEpoch end
local fresh = base36(now, 9) .. random
if oldest ~= "" and fresh <= oldest then
  fresh = base36(tonumber(string.sub(oldest, 1, 9), 36) + 1, 9) .. random
end
-- First a command that is allowed without memory: then the others are, too
call("HDEL", marks, "-")
if isWhole then
  lostTo = tip
else
  lostTo, tip, committed, known = ORIGIN, ORIGIN, nil, ORIGIN
  call("UNLINK", marks, names, records, index, data, due, shared, sharedRows, keys, expiries)
  call("HSET", marks, "tip", ORIGIN, "forgottenTo", ORIGIN, "trimmedTo", ORIGIN,
    "messages", "0", "channels", "0", "bytes", "0", "time", "0")
end
epoch, before = fresh, epoch or knownEpoch
call("HSET", marks, "epoch", epoch, "before", before, "lostTo", lostTo, "life", life,
  "keeping", keeping)
return answer("NEW")
`;
