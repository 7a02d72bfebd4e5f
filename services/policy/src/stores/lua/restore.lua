-- ARGV: watermark, epoch, name of the keys that the totals and the ends of their periods were copied to.
local staged_totals, staged_periods = ARGV[3] .. ':c', ARGV[3] .. ':p'
if redis.call('HEXISTS', meta, 'watermark') == 1 then
  redis.call('DEL', staged_totals, staged_periods)
  return 0
end
redis.call('DEL', counters, periods)
for staged, final in pairs({ [staged_totals] = counters, [staged_periods] = periods }) do
  if redis.call('EXISTS', staged) == 1 then
    redis.call('PERSIST', staged)
    redis.call('RENAME', staged, final)
  end
end
redis.call('HSET', meta, 'watermark', ARGV[1], 'epoch', ARGV[2])
return 1
