import { createRemovingScript } from "./lua.ts";

/**
 * Append messages, or say why not.
 *
 * ARGV: most channels, most bytes (-1 for no limit), hash of the idempotency key or an empty text,
 * fingerprint, Unix ms by which keys have ended, most keys, ms for which this key is remembered;
 * the numbers of channels, of shared data and of messages; for each channel its name, most
 * messages, most ms, and the bytes of an event besides its data; each shared data; for each message
 * the number of its channel, that of its shared data or 0, and its data. Channels' keys follow the
 * fixed ones.
 *
 * Answers `OK` with the first position, `REPEAT` with the first position, `CONFLICT`, `KEYS`,
 * `CHANNELS`, or `SIZE` with the bytes kept and those to be added.
 */
export const APPEND = createRemovingScript(
  "append",
  `
local maxChannels, maxBytes = tonumber(ARGV[A]), tonumber(ARGV[A + 1])
local key, fingerprint = ARGV[A + 2], ARGV[A + 3]
local steady, maxKeys, keyMs = tonumber(ARGV[A + 4]), tonumber(ARGV[A + 5]), tonumber(ARGV[A + 6])
local channelCount, sharedCount, count =
  tonumber(ARGV[A + 7]), tonumber(ARGV[A + 8]), tonumber(ARGV[A + 9])
local at = A + 10

local channels, fresh = {}, 0
for i = 1, channelCount do
  local c = {
    name = ARGV[at], maxMessages = tonumber(ARGV[at + 1]), maxMs = tonumber(ARGV[at + 2]),
    head = tonumber(ARGV[at + 3]), key = KEYS[FIXED + i]
  }
  at = at + 4
  local r = readRecord(c.name)
  local length = call("XLEN", c.key)
  if r then r.key = i end
  if r and length ~= r.messages then
    c.lost, r = r, nil
  else
    c.strange = not r and length > 0
  end
  if not r and not c.lost then fresh = fresh + 1 end
  c.record = r
  channels[i] = c
end
if fresh > 0 and m.channels + fresh > maxChannels then return {"CHANNELS"} end

if key ~= "" then
  local known = call("HGET", keys, key)
  local ends = tonumber(call("ZSCORE", expiries, key) or "0")
  if known and ends > steady then
    local first, print = string.match(known, "^(%w+) (.*)$")
    if print == fingerprint then return {"REPEAT", number(now), first} end
    return {"CONFLICT", number(now)}
  end
  if not known and call("HLEN", keys) >= maxKeys then return {"KEYS", number(now)} end
end

local sharedData, bytes = {}, 0
for i = 1, sharedCount do
  sharedData[i] = { text = ARGV[at], rows = 0 }
  bytes = bytes + #ARGV[at] + 1 + 200
  at = at + 1
end
local rows = {}
for i = 1, count do
  local c, s, text = channels[tonumber(ARGV[at])], sharedData[tonumber(ARGV[at + 1])], ARGV[at + 2]
  at = at + 3
  local b = c.head + 200
  if not s then b = b + #text + 1 end
  rows[i] = { channel = c, shared = s, text = text, bytes = b }
  bytes = bytes + b
end
if maxBytes >= 0 and m.bytes + bytes > maxBytes then
  return {"SIZE", number(now), number(m.bytes), number(bytes)}
end

-- The hybrid clock of position-clock.ts: the later of now and the tip's time, and a counter
local ms = tonumber(string.sub(m.tip, 1, 9), 36)
local counter = tonumber(string.sub(m.tip, 10), 36)
if now > ms then
  ms, counter = now, -1
end
for i = 1, count do
  counter = counter + 1
  if counter >= 1679616 then
    ms, counter = ms + 1, 0
  end
  rows[i].ms, rows[i].counter = ms, counter
  rows[i].position = base36(ms, 9) .. base36(counter, 4)
end
local first, tip = rows[1].position, rows[count].position

-- From here on nothing fails, unless this first write does.
call("HSET", marks, "tip", tip, "time", number(now))
for _, c in ipairs(channels) do
  if c.lost then loseChannel(c.name, c.lost) end
  if c.strange then call("UNLINK", c.key) end
  if not c.record then
    c.isNew = true
    m.channels = m.channels + 1
  end
end
for _, c in ipairs(channels) do
  -- A channel of this name may have been forgotten: what was before that is not known any more.
  if c.isNew then
    c.record = { messages = 0, trimmedTo = m.forgottenTo, last = ORIGIN, bytes = 0 }
    call("ZADD", names, 0, c.name)
  end
end
local members, values = {}, {}
local function flush()
  call("ZADD", index, unpack(members))
  call("HSET", data, unpack(values))
  members, values = {}, {}
end
for i, row in ipairs(rows) do
  local c, s = row.channel, row.shared
  local flag, value = "-", "=" .. row.text
  local entry = { "t", number(now), "b", number(row.bytes) }
  if s then
    s.name = s.name or row.position
    s.rows = s.rows + 1
    flag, value = "+" .. s.name, "@" .. s.name
    entry[5], entry[6] = "s", s.name
  end
  members[#members + 1] = 0
  members[#members + 1] = row.position .. flag .. c.name
  values[#values + 1] = row.position
  values[#values + 1] = number(now) .. value
  call("XADD", c.key, number(row.ms) .. "-" .. number(row.counter), unpack(entry))
  c.record.messages = c.record.messages + 1
  c.record.bytes = c.record.bytes + row.bytes
  c.record.last = row.position
  if #members >= 1000 or i == count then flush() end
end
for _, s in ipairs(sharedData) do
  call("HSET", shared, s.name, s.text)
  call("HSET", sharedRows, s.name, number(s.rows))
end
for _, c in ipairs(channels) do
  call("HSET", records, c.name, formatRecord(c.record))
  local dueAt = 0
  if c.record.messages <= c.maxMessages then
    dueAt = math.min(tonumber(call("ZSCORE", due, c.name) or "inf"), now + c.maxMs + 1)
  end
  call("ZADD", due, number(dueAt), c.name)
end
m.messages = m.messages + count
m.bytes = m.bytes + bytes
storeMarks()
if key ~= "" then
  call("HSET", keys, key, first .. " " .. fingerprint)
  call("ZADD", expiries, number(now + keyMs), key)
end
return {"OK", number(now), first}
`,
);
