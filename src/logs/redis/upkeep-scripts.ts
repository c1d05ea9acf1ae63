import { createRemovingScript, createScript } from "./lua.ts";

/**
 * What there is to remove now.
 *
 * ARGV: Unix ms by which messages and keys end, Unix ms after which no key may end, fingerprint of
 * the retention rules, most channels, most channels of one piece of indexing.
 *
 * Answers `OK`, the time, channels that are due, 1 if there is more than those to remove, and
 * channels to be put among the due ones by new rules.
 */
export const FIND_DUE = createScript(
  "findDue",
  `
local steady, latest, rules = ARGV[A], ARGV[A + 1], ARGV[A + 2]
local found = call("ZRANGE", due, "-inf", steady, "BYSCORE", "LIMIT", 0, ARGV[A + 3])
local isMore = 0
if m.stale > 0
  or #call("ZRANGE", expiries, "-inf", "(" .. steady, "BYSCORE", "LIMIT", 0, 1) > 0
  or #call("ZRANGE", expiries, "(" .. latest, "+inf", "BYSCORE", "LIMIT", 0, 1) > 0 then
  isMore = 1
end
local upkeep = call("HMGET", marks, "retention", "indexedTo")
local toIndex, isIndexed = {}, 1
if upkeep[1] ~= rules or upkeep[2] then
  isIndexed = 0
  local low = "-"
  if upkeep[1] == rules and upkeep[2] then low = "(" .. upkeep[2] end
  toIndex = call("ZRANGE", names, low, "+", "BYLEX", "LIMIT", 0, ARGV[A + 4])
end
return {"OK", number(now), found, isMore, isIndexed, toIndex}
`,
);

/**
 * Remove what some channels do not keep any more, keys that have ended, and rows of lists that were
 * lost.
 *
 * ARGV: Unix ms by which messages and keys end, Unix ms after which no key may end, most removals,
 * most rows swept; for each channel its name, most messages and most ms. Their keys follow the
 * fixed ones.
 *
 * Answers `OK` and how many messages, keys and rows went.
 */
export const TRIM = createRemovingScript(
  "trim",
  `
local steady, latest, left = tonumber(ARGV[A]), ARGV[A + 1], tonumber(ARGV[A + 2])
local removed, sweeps = 0, 0
mayRemove()
for i = 1, #KEYS - FIXED do
  local name = ARGV[A + 1 + 3 * i]
  local maxMessages, maxMs = tonumber(ARGV[A + 2 + 3 * i]), tonumber(ARGV[A + 3 + 3 * i])
  if removed >= left then break end
  local r = readRecord(name)
  local length = lengthOf(KEYS[FIXED + i])
  if not r then
    call("ZREM", due, name)
  elseif not length then
    -- A key of another type is somebody else's: look at this channel again in a minute.
    call("ZADD", due, number(steady + 60000), name)
  else
    r.key = i
    if length ~= r.messages then
      loseChannel(name, r)
    else
      -- Entries dated in the future, from when the clock was ahead, go when later ones go.
      local expired, ahead, dueAt = {}, {}, nil
      local surplus = r.messages - maxMessages
      local from, isEnd = "-", false
      while not isEnd and not dueAt and removed + #expired + #ahead < left do
        local most = math.min(100, left - removed - #expired - #ahead)
        local entries = call("XRANGE", KEYS[FIXED + i], from, "+", "COUNT", most)
        isEnd = #entries < most
        for _, entry in ipairs(entries) do
          local e = parseEntry(entry)
          local dueThen = e.t + maxMs + 1
          surplus = surplus - 1
          if surplus >= 0 then
            expired[#expired + 1] = e
          elseif dueThen <= steady then
            for _, early in ipairs(ahead) do expired[#expired + 1] = early end
            ahead = {}
            expired[#expired + 1] = e
          elseif e.t > steady then
            ahead[#ahead + 1] = e
          else
            dueAt = dueThen
            break
          end
          from = "(" .. e.id
        end
      end
      if not dueAt and ahead[1] then dueAt = ahead[1].t + maxMs + 1 end
      removed = removed + #expired
      removeEntries(name, r, expired)
      -- Where the limit has ended the search, the channel stays due.
      if r.messages > 0 and dueAt then call("ZADD", due, number(dueAt), name) end
    end
  end
end
local ended = call("ZRANGE", expiries, "-inf", "(" .. ARGV[A], "BYSCORE", "LIMIT", 0, left)
callMany("ZREM", expiries, ended)
callMany("HDEL", keys, ended)
-- Keys from when the clock was ahead would be kept too long, by as much as it was ahead.
local late = call("ZRANGE", expiries, "(" .. latest, "+inf", "BYSCORE", "LIMIT", 0, left)
for _, key in ipairs(late) do
  call("ZADD", expiries, latest, key)
end
if m.stale > 0 then
  local swept = call("HGET", marks, "sweptTo") or ORIGIN
  local most = tonumber(ARGV[A + 3])
  local rows = call("ZRANGE", index, "(" .. swept .. "~", "+", "BYLEX", "LIMIT", 0, most)
  for _, member in ipairs(rows) do
    local position, flag, rest = string.match(member, "^(%w+)([-+])(.*)$")
    local sharedName, name = nil, rest
    if flag == "+" then sharedName, name = string.sub(rest, 1, 13), string.sub(rest, 14) end
    local r = readRecord(name)
    if not r or position <= r.trimmedTo then
      sweeps = sweeps + 1
      call("ZREM", index, member)
      call("HDEL", data, position)
      if sharedName then releaseShared(sharedName) end
    end
    swept = position
  end
  if #rows < most then swept = ORIGIN end
  call("HSET", marks, "sweptTo", swept)
end
storeMarks()
return {"OK", removed + sweeps + #ended}
`,
);

/**
 * Put channels among those that are due, by the rules as they are now.
 *
 * ARGV: fingerprint of the rules, the last channel of this piece (empty if it was the last of all),
 * Unix ms, most entries of a channel to look at; for each channel its name, most messages and most
 * ms. Their keys follow the fixed ones.
 */
export const INDEX_DUE = createRemovingScript(
  "indexDue",
  `
local last, steady, most = ARGV[A + 1], tonumber(ARGV[A + 2]), tonumber(ARGV[A + 3])
mayRemove()
for i = 1, #KEYS - FIXED do
  local name = ARGV[A + 1 + 3 * i]
  local maxMessages, maxMs = tonumber(ARGV[A + 2 + 3 * i]), tonumber(ARGV[A + 3 + 3 * i])
  local r = readRecord(name)
  local length = lengthOf(KEYS[FIXED + i])
  if r and length then
    local dueAt = 0
    if r.messages <= maxMessages and length == r.messages then
      dueAt = 9007199254740991
      local from, looked, isEnd = "-", 0, false
      while not isEnd and looked < most do
        local count = looked == 0 and 1 or 100
        local entries = call("XRANGE", KEYS[FIXED + i], from, "+", "COUNT", count)
        if #entries == 0 then break end
        for _, entry in ipairs(entries) do
          local e = parseEntry(entry)
          dueAt = math.min(dueAt, e.t + maxMs + 1)
          looked = looked + 1
          from = "(" .. e.id
          -- Messages from when the clock was ahead may be followed by some that fall due earlier.
          if e.t <= steady then
            isEnd = true
            break
          end
        end
      end
    end
    call("ZADD", due, number(dueAt), name)
  end
end
call("HSET", marks, "retention", ARGV[A])
if last == "" then call("HDEL", marks, "indexedTo") else call("HSET", marks, "indexedTo", last) end
return {"OK"}
`,
);

/**
 * Remove messages of one channel up to a position. ARGV: its name, the position, most removals. Its
 * key follows the fixed ones. Answers `OK` and how many went; or `STRANGE` with its name.
 */
export const DELETE = createRemovingScript(
  "delete",
  `
local name, upTo, most = ARGV[A], ARGV[A + 1], tonumber(ARGV[A + 2])
local r = readRecord(name)
if not r then return {"OK", 0} end
r.key = 1
local length = lengthOf(KEYS[FIXED + 1])
if not length then return {"STRANGE", name} end
mayRemove()
local entries = {}
if length ~= r.messages then
  loseChannel(name, r)
else
  for _, entry in ipairs(call("XRANGE", KEYS[FIXED + 1], "-", entryId(upTo), "COUNT", most)) do
    entries[#entries + 1] = parseEntry(entry)
  end
  removeEntries(name, r, entries)
end
storeMarks()
return {"OK", #entries}
`,
);

/**
 * Forget channels whose lists are not what was written. ARGV: their names. Their keys follow the
 * fixed ones. Answers `OK`, or `STRANGE` with a name.
 */
export const LOSE = createRemovingScript(
  "lose",
  `
local lost = {}
for i = 1, #KEYS - FIXED do
  local name = ARGV[A - 1 + i]
  local r = readRecord(name)
  local length = lengthOf(KEYS[FIXED + i])
  if not length then return {"STRANGE", name} end
  if r and length ~= r.messages then
    r.key = i
    r.name = name
    lost[#lost + 1] = r
  end
end
if #lost == 0 then return {"OK"} end
mayRemove()
for _, r in ipairs(lost) do loseChannel(r.name, r) end
storeMarks()
return {"OK"}
`,
);

/**
 * Keep a revocation. ARGV: the JSON of `[0,kind,value,before,until]`, most revocations. Its number
 * takes the place of the 0: it is the time, so that numbers rise even where Redis has lost some.
 *
 * Answers `OK`, or `FULL`.
 */
export const REVOKE = createScript(
  "revoke",
  `
local most = tonumber(ARGV[A + 1])
local newest = call("ZRANGE", revoked, -1, -1, "WITHSCORES")
local last = tonumber(newest[2] or "0")
local over = {}
if call("ZCARD", revoked) >= most then
  for _, member in ipairs(call("ZRANGE", revoked, 0, -2)) do
    local ends = cjson.decode(member)[5]
    if type(ends) == "number" and ends <= now then over[#over + 1] = member end
  end
  if #over == 0 then return {"FULL"} end
end
local given = number(math.max(last + 1, now))
local kept = string.gsub(ARGV[A], "^%[0", "[" .. given)
call("ZADD", revoked, given, kept)
callMany("ZREM", revoked, over)
return {"OK"}
`,
);

/**
 * Remove lists of channels that have no record: of a log that was lost. ARGV: names. Their keys
 * follow the fixed ones.
 */
export const SWEEP = createScript(
  "sweep",
  `
for i = 1, #KEYS - FIXED do
  local kind = call("TYPE", KEYS[FIXED + i]).ok
  if kind == "stream" and call("HEXISTS", records, ARGV[A - 1 + i]) == 0 then
    call("UNLINK", KEYS[FIXED + i])
  end
end
return {"OK"}
`,
);

/** List revocations. ARGV: the number before them, most of them. Answers `OK` and their JSON. */
export const REVOCATIONS = createScript(
  "revocations",
  `
return {"OK", call("ZRANGE", revoked, "(" .. ARGV[A], "+inf", "BYSCORE", "LIMIT", 0, ARGV[A + 1])}
`,
);
