-- ARGV: time to live of what is left of the holds in ms, how many accounts are waited for or nothing, then the ids.
local awaited = tonumber(ARGV[2])
local found = find_holds({ unpack(ARGV, 3) })
local known = awaited and notes_of(found.ids)
if awaited then
  found = those_of(found, function(id)
    return not known[id].shared
  end)
end
local members = {}
for index, text in ipairs(found.texts) do list_under(members, slots_of(text), found.ids[index]) end
free_slots(members)
prolong(found, now + ARGV[1])
if awaited then
  local tokens_of = {}
  for _, id in ipairs(found.ids) do
    local note = known[id]
    note.awaited = awaited
    store_note(id, note)
    tokens_of[id] = note.tokens or false
  end
  settle_holds(those_of(found, function(id)
    return is_accounted(known[id])
  end), tokens_of)
end
