-- ARGV: time to live of what is left of the holds in ms, then the ids.
local found = find_holds({ unpack(ARGV, 2) })
local members = {}
for index, text in ipairs(found.texts) do list_under(members, slots_of(text), found.ids[index]) end
free_slots(members)
prolong(found, now + ARGV[1])
