-- ARGV: epoch, from, to; as JSON counters and what is added to each, as text, each once; as JSON of each record the id of
-- its request, the tokens that it tells of or false, and whether it ends the request.
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

-- The records in order: a hold ends with the first that ends its request, or with the last account that it waits for.
local ids, tokens, ends = cjson.decode(ARGV[6]), cjson.decode(ARGV[7]), cjson.decode(ARGV[8])
local handed_back = {}
for index, id in ipairs(ids) do
  if not ends[index] then handed_back[#handed_back + 1] = id end
end
local known = notes_of(find_holds(handed_back).ids)
local ended, tokens_of = {}, {}
local function finish(id, used)
  ended[#ended + 1], tokens_of[id] = id, used
end
for index, id in ipairs(ids) do
  local note = known[id]
  if tokens_of[id] == nil and ends[index] then
    finish(id, tokens[index])
  elseif tokens_of[id] == nil and note then
    note.accounts = note.accounts + 1
    if tokens[index] then note.tokens = (note.tokens or 0) + tokens[index] end
    if is_accounted(note) then finish(id, note.tokens or false) end
  end
end
for id, note in pairs(known) do
  if tokens_of[id] == nil then store_note(id, note) end
end
settle_holds(find_holds(ended), tokens_of)
redis.call('HSET', meta, 'watermark', to)
return { 'applied', to }
