-- Count a request in all its counters, or in none if one of them is full.
-- KEYS: the blocks, the reason of a block of this address, then the counters.
-- ARGV: address, milliseconds of a new block (0: blocks are off), number of counters
-- that limit (the others block), then most and seconds of each counter.
-- Returns "", "limit" or "block", and the milliseconds to wait.
local lasts, limiting = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if lasts > 0 then
  local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
  if ends > now then return {'block', ends - now} end
end

local function fullest(from, to)
  local found, longest = nil, -1
  for i = from, to do
    local count = tonumber(redis.call('GET', KEYS[i + 2]) or 0)
    if count >= tonumber(ARGV[2 * i + 2]) then
      local wait = redis.call('PTTL', KEYS[i + 2])
      if wait > longest then found, longest = i, wait end
    end
  end
  return found, longest
end

local full, wait = fullest(1, limiting)
if full then return {'limit', wait} end
full = fullest(limiting + 1, #KEYS - 2)
if full then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now)
  redis.call('ZADD', KEYS[1], now + lasts, ARGV[1])
  redis.call('SET', KEYS[2], KEYS[full + 2], 'PX', lasts)
  return {'block', lasts}
end
for i = 1, #KEYS - 2 do
  if redis.call('INCR', KEYS[i + 2]) == 1 then
    redis.call('EXPIRE', KEYS[i + 2], ARGV[2 * i + 3])
  end
end
return {'', 0}
