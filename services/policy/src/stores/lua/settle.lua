-- ARGV: epoch, from, to, and the records as JSON, deltas as text.
local epoch, from, to = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('HMGET', meta, 'watermark', 'epoch')
if not stored[1] then return { 'uninitialised' } end
if stored[2] ~= epoch then return { 'foreign', stored[2] } end
if stored[1] ~= from then return { 'behind', stored[1] } end

for _, record in ipairs(cjson.decode(ARGV[4])) do
  for _, charge in ipairs(record.charges) do
    add_to(charge[1], '|s', spent_on(charge[1]), amount_of(charge[2]))
  end
  local hold = record.ends and live_hold(record.id)
  if hold then
    forget(record.id, hold)
    for _, bucket in ipairs(hold.buckets) do
      if bucket.correctable and record.tokens then refill(bucket, bucket.charged - record.tokens * minute) end
    end
  end
end
redis.call('HSET', meta, 'watermark', to)
return { 'applied', to }
