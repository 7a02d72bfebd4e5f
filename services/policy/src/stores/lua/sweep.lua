-- Corrections may come for as long as a provider takes to bill; a period is of no use to anybody after that.
local kept_seconds = 35 * 24 * 3600
local closed = whole(math.floor(now / 1000) - kept_seconds)
for _, counter in ipairs(redis.call('ZRANGEBYSCORE', periods, '-inf', closed, 'LIMIT', 0, 32)) do
  if redis.call('HEXISTS', counters, counter .. '|h') == 0 then
    redis.call('HDEL', counters, counter .. '|s')
    redis.call('ZREM', periods, counter)
  end
end
return swept
