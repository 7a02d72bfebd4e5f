-- ARGV: epoch, from, to; as JSON counters and what is added to each, as text; as JSON the ids of the requests that ended
-- and what tokens each used, or false. Each counter and each id is there once.
local epoch, from, to = ARGV[1], ARGV[2], ARGV[3]
local stored = redis.call('HMGET', meta, 'watermark', 'epoch')
if not stored[1] then return { 'uninitialised' } end
if stored[2] ~= epoch then return { 'foreign', stored[2] } end
if stored[1] ~= from then return { 'behind', stored[1] } end

local charged, deltas = cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
local fields, changed, new_periods = {}, {}, {}
for index, counter in ipairs(charged) do fields[index] = counter .. '|s' end
for index, spent in ipairs(read_many('HMGET', counters, fields)) do
  if not spent then add_period(new_periods, charged[index]) end
  local high, low = limbs_of(spent or '0')
  local more_high, more_low = limbs_of(deltas[index])
  changed[2 * index - 1] = fields[index]
  changed[2 * index] = text_of(high + more_high, low + more_low)
end
write_many('HSET', counters, changed)
write_many('ZADD', periods, new_periods)

local ended, tokens_of = cjson.decode(ARGV[6]), {}
for index, tokens in ipairs(cjson.decode(ARGV[7])) do tokens_of[ended[index]] = tokens end
end_holds(find_holds(ended), function(hold, place, id)
  local tokens = hold.correctable[place] and tokens_of[id]
  return tokens and hold.charged[place] - tokens * minute or 0
end)
redis.call('HSET', meta, 'watermark', to)
return { 'applied', to }
