-- ARGV: time to live in ms, then the ids.
local expiry = now + ARGV[1]
local found = find_holds({ unpack(ARGV, 2) })
local members = {}
for index, text in ipairs(found.texts) do
  local ends = found.ends[index]
  if ends > now and ends < expiry then list_under(members, slots_of(text), found.ids[index]) end
end
prolong(found, expiry)
for key, ids in pairs(members) do
  -- A request that finished has left its slots, though its hold still names them.
  for _, id in ipairs(ids) do redis.call('ZADD', slot_prefix .. key, 'XX', whole(expiry), id) end
end
