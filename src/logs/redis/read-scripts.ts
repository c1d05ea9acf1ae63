import { createScript } from "./lua.ts";

/**
 * Data of a message, for scripts that read: Unix ms, and the data that it has or shares. What was
 * found once in a call is kept, so shared data is copied once.
 */
const DATA = `
local sharedTexts = {}
local function dataOf(position)
  local value = call("HGET", data, position)
  if not value then return nil end
  local time, flag, rest = string.match(value, "^(%d+)([=@])(.*)$")
  if flag == "=" then return time, rest end
  local text = sharedTexts[rest]
  if not text then
    text = call("HGET", shared, rest)
    sharedTexts[rest] = text
  end
  return time, text
end
`;

/**
 * Answers `OK`, the time, the position up to which messages are shown, bytes kept, and the newest
 * position.
 */
export const TIP = createScript(
  "tip",
  `
return {"OK", number(now), m.shown, number(m.bytes), m.tip}
`,
);

/** Take a small write and nothing else, to see whether writes are taken. */
export const PROBE = createScript(
  "probe",
  `
call("HSET", marks, "probe", "1")
return {"OK"}
`,
);

/**
 * Read some channels by their lists, oldest first.
 *
 * ARGV: positions `after` and `upTo` (empty for the end), most messages, most bytes, how many
 * messages a channel has to keep for its losses not to count (0 if they always do); for each
 * channel its name and the bytes of an event besides its data. Their keys follow the fixed ones.
 *
 * Answers `OK`, the time, the end, `forgottenTo`, the position up to which it read or an empty text
 * if that is the end, gaps (channel, `trimmedTo`, ...), channels without a record that may have
 * lost messages, rows (channel's number, position, Unix ms, data, ...). Or `LOST` with channels
 * whose list is not what was written; or `STRANGE` with one whose key is of another type.
 */
export const READ = createScript(
  "read",
  `${DATA}
local after, upTo = ARGV[A], ARGV[A + 1]
local maxMessages, maxBytes = tonumber(ARGV[A + 2]), tonumber(ARGV[A + 3])
local newest = tonumber(ARGV[A + 4])
local count = #KEYS - FIXED
if upTo == "" then upTo = m.shown end
-- What was removed before it was shown is a gap when it would have been.
local forgottenTo = earlier(m.forgottenTo, m.shown)
local gaps, forgotten, lost, sources = {}, {}, {}, {}
for i = 1, count do
  local name, key = ARGV[A + 3 + 2 * i], KEYS[FIXED + i]
  local r = readRecord(name)
  if r then
    local length = redis.pcall("XLEN", key)
    if type(length) == "table" then return {"STRANGE", name} end
    if length ~= r.messages then lost[#lost + 1] = name end
    local trimmedTo = earlier(r.trimmedTo, m.shown)
    if after < trimmedTo and (newest == 0 or r.messages < newest) then
      gaps[#gaps + 1] = name
      gaps[#gaps + 1] = trimmedTo
    end
    if r.last > after then
      sources[#sources + 1] = {
        key = key, place = i, head = tonumber(ARGV[A + 4 + 2 * i]),
        from = "(" .. entryId(after), piece = 8, entries = {}, at = 1, more = true
      }
    end
  elseif after < forgottenTo then
    forgotten[#forgotten + 1] = name
  end
end
if #lost > 0 then return {"LOST", lost} end
local rows, bytes, reached = {}, 0, ""
if after < upTo then
  local last = entryId(upTo)
  local function fill(s)
    if s.at <= #s.entries then return true end
    if not s.more then return false end
    local entries = call("XRANGE", s.key, s.from, last, "COUNT", s.piece)
    s.more = #entries == s.piece
    s.entries, s.at = entries, 1
    s.piece = math.min(s.piece * 4, 256)
    if #entries == 0 then return false end
    for _, entry in ipairs(entries) do entry.position = positionOf(entry[1]) end
    s.from = "(" .. entries[#entries][1]
    return true
  end
  local taken = 0
  while true do
    local best, position
    for _, s in ipairs(sources) do
      if fill(s) then
        local p = s.entries[s.at].position
        if not best or p < position then best, position = s, p end
      end
    end
    if not best then break end
    best.at = best.at + 1
    local time, text = dataOf(position)
    if text then
      rows[#rows + 1] = best.place
      rows[#rows + 1] = position
      rows[#rows + 1] = time
      rows[#rows + 1] = text
      bytes = bytes + best.head + #text + 1
      taken = taken + 1
    end
    if taken >= maxMessages or bytes >= maxBytes then
      reached = position
      break
    end
  end
end
return {"OK", number(now), m.shown, forgottenTo, reached, gaps, forgotten, rows}
`,
);

/**
 * List what comes after (or before) a position, whatever its channel.
 *
 * ARGV: positions `after` and `upTo` (empty for the end), most rows, `newest` to begin at the end.
 *
 * Answers `OK`, the time, the end, whether there may be gaps (1 or 0), how many channels there are,
 * and members of the index.
 */
export const SCAN = createScript(
  "scan",
  `
local after, upTo = ARGV[A], ARGV[A + 1]
if upTo == "" then upTo = m.shown end
local mayHaveGaps = 0
if after < earlier(later(m.trimmedTo, m.forgottenTo), m.shown) then mayHaveGaps = 1 end
local members = {}
if after < upTo then
  local low, high = "(" .. after .. "~", "(" .. upTo .. "~"
  if ARGV[A + 3] == "newest" then
    members = call("ZRANGE", index, high, low, "BYLEX", "REV", "LIMIT", 0, ARGV[A + 2])
  else
    members = call("ZRANGE", index, low, high, "BYLEX", "LIMIT", 0, ARGV[A + 2])
  end
end
return {"OK", number(now), m.shown, mayHaveGaps, m.channels, members}
`,
);

/**
 * Get messages by position, and all losses after a position.
 *
 * ARGV: position `after`, most bytes, most channels to be listed, how many messages a channel has
 * to keep for its losses not to count (0 if they always do), number of names, those names; then for
 * each message its channel, its position, and the bytes of an event besides its data.
 *
 * Answers `OK`, the time, `forgottenTo`, `trimmedTo`, 1 if the channels are too many to be listed,
 * gaps (channel, `trimmedTo`, ...), those of the names that have a record, the position where it
 * stopped because of bytes (or an empty text), and rows (the message's number, Unix ms, data, ...),
 * in which messages that are gone are missing.
 */
export const FETCH = createScript(
  "fetch",
  `${DATA}
local after, maxBytes, maxListed = ARGV[A], tonumber(ARGV[A + 1]), tonumber(ARGV[A + 2])
local newest = tonumber(ARGV[A + 3])
local nameCount = tonumber(ARGV[A + 4])
local at = A + 5
local gaps, known, tooMany = {}, {}, 0
local forgottenTo, allTrimmedTo = earlier(m.forgottenTo, m.shown), earlier(m.trimmedTo, m.shown)
if after < allTrimmedTo or after < forgottenTo then
  for i = 0, nameCount - 1 do
    local name = ARGV[at + i]
    if call("HEXISTS", records, name) == 1 then known[#known + 1] = name end
  end
  if newest == 1 then
    -- A channel that has a record keeps its newest message: there is nothing to list.
    allTrimmedTo = ORIGIN
  elseif m.channels > maxListed then
    tooMany = 1
  else
    local all = call("HGETALL", records)
    for i = 1, #all, 2 do
      local messages, trimmedTo = string.match(all[i + 1], "^(%d+) (%w+)")
      trimmedTo = earlier(trimmedTo, m.shown)
      if after < trimmedTo and (newest == 0 or tonumber(messages) < newest) then
        gaps[#gaps + 1] = all[i]
        gaps[#gaps + 1] = trimmedTo
      end
    end
  end
end
at = at + nameCount
local rows, bytes, reached, i = {}, 0, "", 0
while at <= #ARGV do
  i = i + 1
  local name, position, head = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  at = at + 3
  local isThere = true
  if m.stale > 0 then
    local r = readRecord(name)
    isThere = r and position > r.trimmedTo
  end
  local time, text
  if isThere then time, text = dataOf(position) end
  if text then
    rows[#rows + 1] = i
    rows[#rows + 1] = time
    rows[#rows + 1] = text
    bytes = bytes + head + #text + 1
    if bytes >= maxBytes then
      reached = position
      break
    end
  end
end
return {"OK", number(now), forgottenTo, allTrimmedTo, tooMany, gaps, known, reached, rows}
`,
);

/**
 * Find the position after which the last messages of some channels follow.
 *
 * ARGV: the number of messages, position `upTo`. Channels' keys follow the fixed ones.
 *
 * Answers `OK` with the position, which is before all messages where there are fewer.
 */
export const BEFORE_LAST = createScript(
  "beforeLast",
  `
local count, upTo = tonumber(ARGV[A]), ARGV[A + 1]
local found = {}
local last = entryId(upTo)
for i = FIXED + 1, #KEYS do
  for _, entry in ipairs(call("XREVRANGE", KEYS[i], last, "-", "COUNT", count + 1)) do
    found[#found + 1] = positionOf(entry[1])
  end
end
table.sort(found, function(a, b) return a > b end)
return {"OK", found[count + 1] or ORIGIN}
`,
);

/**
 * Find messages of some channels: the newest of each, or the oldest.
 *
 * ARGV: the number of messages of each, positions `after` and `upTo`, `newest` or `oldest`, most
 * messages of all, the channels' names. Their keys follow the fixed ones.
 *
 * Answers `OK`, how many of the channels it has done, and, for each message, the number of its
 * channel and its position. Where that is too much, it leaves out the last channels. Or `LOST` or
 * `STRANGE`, as {@link READ} does.
 */
export const PLACES = createScript(
  "places",
  `
local count, limit = ARGV[A], tonumber(ARGV[A + 4])
local low, high = "(" .. entryId(ARGV[A + 1]), entryId(ARGV[A + 2])
local isNewest = ARGV[A + 3] == "newest"
local done, found, lost = 0, {}, {}
for i = 1, #KEYS - FIXED do
  if #found >= 2 * limit then break end
  local name, key = ARGV[A + 4 + i], KEYS[FIXED + i]
  local r = readRecord(name)
  if r then
    local length = redis.pcall("XLEN", key)
    if type(length) == "table" then return {"STRANGE", name} end
    if length ~= r.messages then lost[#lost + 1] = name end
    local entries
    if isNewest then entries = call("XREVRANGE", key, high, low, "COUNT", count)
    else entries = call("XRANGE", key, low, high, "COUNT", count) end
    for _, entry in ipairs(entries) do
      found[#found + 1] = i
      found[#found + 1] = positionOf(entry[1])
    end
  end
  done = i
end
if #lost > 0 then return {"LOST", lost} end
return {"OK", done, found}
`,
);

/**
 * List channels by name. ARGV: the name before them, most of them. Answers `OK` and, for each,
 * name, messages and last position, or the end where that is before it.
 */
export const CHANNELS = createScript(
  "channels",
  `
local low = "(" .. ARGV[A]
if ARGV[A] == "" then low = "-" end
local found = {}
for _, name in ipairs(call("ZRANGE", names, low, "+", "BYLEX", "LIMIT", 0, ARGV[A + 1])) do
  local r = readRecord(name)
  if r then
    found[#found + 1] = name
    found[#found + 1] = number(r.messages)
    found[#found + 1] = earlier(r.last, m.shown)
  end
end
return {"OK", found}
`,
);
