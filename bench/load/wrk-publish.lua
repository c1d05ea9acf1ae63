-- Posts JSON messages of 100 bytes: wrk ... -s wrk-publish.lua URL -- CONTENT_TYPE LINES
-- Prints {"requests":...,"seconds":...,"failed":...} when it is done.
local message = '{"event":"opened","door":17,"time":1795304019000,"text":"' .. string.rep("x", 41) .. '"}'

function init(args)
  local lines = {}
  for line = 1, tonumber(args[2]) do lines[line] = message end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = args[1]
  wrk.body = table.concat(lines, "\n")
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests":%d,"seconds":%.6f,"failed":%d}',
    summary.requests, summary.duration / 1e6, failed))
end
