-- Script for wrk: send the requests of a file in turn, and print the measurement as JSON.
--   wrk ... -s load.lua URL -- FILE STATUS[,STATUS]
-- FILE holds complete HTTP requests, each followed by a NUL. A response with another status is wrong.

local all, last, expected = {}, 0, {}
local threads = {}
wrong = 0 -- global: the only kind of variable that done() can read out of a thread

function setup(thread)
   threads[#threads + 1] = thread
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   for text in file:read("*a"):gmatch("([^%z]+)%z") do
      all[#all + 1] = text
   end
   file:close()
   for status in args[2]:gmatch("%d+") do
      expected[tonumber(status)] = true
   end
end

function request()
   last = last % #all + 1
   return all[last]
end

function response(status)
   if not expected[status] then
      wrong = wrong + 1
   end
end

function done(summary, latency)
   local errors = summary.errors
   local refused = 0
   for _, thread in ipairs(threads) do
      refused = refused + thread:get("wrong")
   end
   io.write(string.format(
      '{"requests": %d, "microseconds": %d, "wrong": %d, "late": %d, "failed": %d,'
         .. ' "mean": %d, "p50": %d, "p99": %d}\n',
      summary.requests, summary.duration, refused, errors.timeout,
      errors.connect + errors.read + errors.write,
      latency.mean, latency:percentile(50), latency:percentile(99)
   ))
end
