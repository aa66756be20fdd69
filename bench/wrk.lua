-- For wrk (https://github.com/wg/wrk): requests the paths of a file in turn, and prints the results as
-- JSON.
local lines = {}
for line in io.lines(os.getenv('BENCH_PATHS')) do
  lines[#lines + 1] = line
end
for line in io.lines(os.getenv('BENCH_HEADERS')) do
  local name, value = line:match('^([^:]+): (.*)$')
  wrk.headers[name] = value
end
wrk.path = lines[1]

if #lines > 1 then
  local requests = {}
  local turn = 0
  function init()
    for i, path in ipairs(lines) do
      requests[i] = wrk.format('GET', path)
    end
  end
  function request()
    turn = turn % #requests + 1
    return requests[turn]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "refused": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
