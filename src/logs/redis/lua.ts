import { createHash } from "node:crypto";

/** A script that Redis runs as one atomic step. */
export interface Script {
  readonly name: string;
  readonly source: string;
  /** By which Redis finds it once it was loaded: SHA-1 in hex. */
  readonly sha: string;
  /** Whether the second element of its answer is Unix ms of the server's clock. */
  readonly tellsTime: boolean;
  /** Whether the third is the position up to which messages are shown. */
  readonly tellsShown: boolean;
}

/** Lua functions that write numbers. */
export const NUMBERS = `
local function number(n) return string.format("%.0f", n) end
local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
local function base36(n, width)
  local text = ""
  for _ = 1, width do
    local digit = n % 36
    text = string.sub(DIGITS, digit + 1, digit + 1) .. text
    n = (n - digit) / 36
  end
  return text
end
`;

/**
 * What every script begins with. ARGV: the epoch, Unix ms or an empty text for the server's own
 * clock, `1` if only what replicas have is shown, then the script's own from `A` on. `m.shown` is
 * the position up to which messages are shown.
 *
 * Redis does not undo a script that fails half way. So a script looks at everything first, and
 * writes when nothing can fail any more: a key of another type, or no memory, is met at the first
 * of its writes at the latest.
 *
 * A member of the index is 13 digits of a position, then `-` and the channel; or `+`, 13 digits of
 * the name of shared data, and the channel.
 */
const COMMON = `
local call = redis.call
local marks, names, records, index, data, due, shared, sharedRows, keys, expiries, revoked =
  unpack(KEYS, 1, 11)
local FIXED = 11
local A = 4
local ORIGIN = "0000000000000"
local m = {}
do
  local fields = {"epoch", "tip", "forgottenTo", "trimmedTo", "messages", "channels", "bytes",
    "committed"}
  local values = call("HMGET", marks, unpack(fields))
  for i, field in ipairs(fields) do m[field] = values[i] end
end
if m.epoch ~= ARGV[1] then return {"EPOCH"} end
m.messages, m.channels, m.bytes = tonumber(m.messages), tonumber(m.channels), tonumber(m.bytes)
do
  local rows = call("ZCARD", index)
  if rows < m.messages or call("HLEN", data) ~= rows
    or call("HLEN", records) ~= m.channels or call("ZCARD", names) ~= m.channels then
    return {"DAMAGED"}
  end
  m.stale = rows - m.messages
end
local now = tonumber(ARGV[2])
if not now then
  local t = call("TIME")
  now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

${NUMBERS}local function later(a, b) if a > b then return a end return b end
local function earlier(a, b) if a < b then return a end return b end
m.shown = m.tip
if ARGV[3] == "1" then m.shown = earlier(m.committed or ORIGIN, m.tip) end
-- Positions are ids of stream entries, too: milliseconds and counter in decimal
local function entryId(position)
  return number(tonumber(string.sub(position, 1, 9), 36)) .. "-"
    .. number(tonumber(string.sub(position, 10), 36))
end
local function positionOf(id)
  local ms, counter = string.match(id, "^(%d+)-(%d+)$")
  return base36(tonumber(ms), 9) .. base36(tonumber(counter), 4)
end
local function readRecord(name)
  local text = call("HGET", records, name)
  if not text then return nil end
  local messages, trimmedTo, last, bytes = string.match(text, "^(%d+) (%w+) (%w+) (%d+)$")
  return {
    messages = tonumber(messages), bytes = tonumber(bytes), trimmedTo = trimmedTo, last = last
  }
end
local function formatRecord(r)
  return number(r.messages) .. " " .. r.trimmedTo .. " " .. r.last .. " " .. number(r.bytes)
end
-- Members are many arguments; a call takes some thousand.
local function callMany(command, key, list)
  for from = 1, #list, 2000 do
    call(command, key, unpack(list, from, math.min(from + 1999, #list)))
  end
end
`;

/**
 * Removing, for scripts that do. `mayRemove()` comes before their first write: a command that frees
 * memory, so that the others are allowed when there is none.
 */
const REMOVAL = `
local function mayRemove() call("HDEL", marks, "-") end
local function releaseShared(name)
  local left = tonumber(call("HGET", sharedRows, name) or "0")
  if left > 1 then
    call("HSET", sharedRows, name, number(left - 1))
    return
  end
  local text = call("HGET", shared, name)
  if text then m.bytes = m.bytes - #text - 1 - 200 end
  call("HDEL", shared, name)
  call("HDEL", sharedRows, name)
end
local function storeMarks()
  call("HSET", marks, "forgottenTo", m.forgottenTo, "trimmedTo", m.trimmedTo,
    "messages", number(m.messages), "channels", number(m.channels),
    "bytes", number(math.max(0, m.bytes)))
end
-- Otherwise every channel name ever used would be kept for ever.
local function forgetChannel(name, r)
  call("UNLINK", KEYS[FIXED + r.key])
  call("HDEL", records, name)
  call("ZREM", names, name)
  call("ZREM", due, name)
  m.channels = m.channels - 1
  m.forgottenTo = later(m.forgottenTo, r.trimmedTo)
  m.trimmedTo = later(m.trimmedTo, r.trimmedTo)
end
-- The list of this channel's messages is not what was written. All that it had counts as lost;
-- its rows in the index are swept later.
local function loseChannel(name, r)
  m.messages = m.messages - r.messages
  m.bytes = m.bytes - r.bytes
  r.trimmedTo = r.last
  forgetChannel(name, r)
end
-- Removes the oldest messages of a channel. entries: {id, t, b, s or false} in their order
local function removeEntries(name, r, entries)
  if #entries == 0 then return end
  local members, fields = {}, {}
  for i, e in ipairs(entries) do
    local position = positionOf(e.id)
    fields[i] = position
    members[i] = position .. (e.s and "+" .. e.s or "-") .. name
    r.bytes = r.bytes - e.b
    m.bytes = m.bytes - e.b
  end
  callMany("ZREM", index, members)
  callMany("HDEL", data, fields)
  for _, e in ipairs(entries) do if e.s then releaseShared(e.s) end end
  m.messages = m.messages - #entries
  r.messages = r.messages - #entries
  r.trimmedTo = fields[#fields]
  m.trimmedTo = later(m.trimmedTo, r.trimmedTo)
  if r.messages == 0 then return forgetChannel(name, r) end
  local ms, counter = string.match(entries[#entries].id, "^(%d+)-(%d+)$")
  call("XTRIM", KEYS[FIXED + r.key], "MINID", "=", ms .. "-" .. number(tonumber(counter) + 1))
  call("HSET", records, name, formatRecord(r))
end
local function parseEntry(entry)
  local e = { id = entry[1], s = false }
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == "s" then e.s = fields[i + 1]
    else e[fields[i]] = tonumber(fields[i + 1]) end
  end
  return e
end
-- Nil where the key is of another type
local function lengthOf(key)
  local length = redis.pcall("XLEN", key)
  if type(length) == "table" then return nil end
  return length
end
`;

/**
 * Make a script of its body: Lua that answers a list whose first element is a word, and whose
 * second is the time where it calls `number(now)` for that.
 */
export function createScript(name: string, body: string): Script {
  const source = `${COMMON}${body}`;
  const sha = createHash("sha1").update(source).digest("hex");
  const tellsTime = body.includes('{"OK", number(now)');
  const tellsShown = body.includes('{"OK", number(now), m.shown');
  return { name, source, sha, tellsTime, tellsShown };
}

/** Make a script that removes messages: its body may use what is in `REMOVAL`. */
export function createRemovingScript(name: string, body: string): Script {
  return createScript(name, `${REMOVAL}${body}`);
}
