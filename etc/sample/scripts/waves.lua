-- Starts all services that match, a given number at a time.
local names, size = zinit.list(arg[1]), tonumber(arg[2])
for first = 1, #names, size do
  local wave = table.move(names, first, math.min(first + size - 1, #names), 1, {})
  for _, name in ipairs(wave) do zinit.start(name, {wait = false}) end
  for _, name in ipairs(wave) do zinit.wait(name, {timeout = "1min"}) end
  print("started " .. table.concat(wave, ", "))
end
