-- Restarts services one after the other. Ends at the first that does not come up again.
for _, name in ipairs(zinit.list(arg[1])) do
  print(name .. ": " .. zinit.restart(name, {timeout = "1min"}).state)
end
