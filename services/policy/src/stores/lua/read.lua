-- ARGV: the counters.
local found = {}
for index, counter in ipairs(ARGV) do
  found[index] = { text_of(spent_on(counter) or zero), text_of(held_on(counter) or zero) }
end
return found
