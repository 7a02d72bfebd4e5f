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
-- What the attempts before had used counts as well.
local ids, tokens, ends = cjson.decode(ARGV[6]), cjson.decode(ARGV[7]), cjson.decode(ARGV[8])
local found = find_holds(ids)
local known, changed_notes, tokens_of = notes_of(found.ids), {}, {}
for index, id in ipairs(ids) do
  local note, used = known[id], tokens[index]
  if note and tokens_of[id] == nil then
    if ends[index] then
      tokens_of[id] = used and used + (note.tokens or 0)
    else
      note.accounts = note.accounts + 1
      if used then note.tokens = (note.tokens or 0) + used end
      changed_notes[id] = note
      if is_accounted(note) then tokens_of[id] = note.tokens or false end
    end
  end
end
for id, note in pairs(changed_notes) do
  if tokens_of[id] == nil then store_note(id, note) end
end
settle_holds(those_of(found, function(id)
  return tokens_of[id] ~= nil
end), tokens_of)
redis.call('HSET', meta, 'watermark', to)
return { 'applied', to }
