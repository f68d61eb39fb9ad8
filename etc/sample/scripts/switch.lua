-- Starts NEW, waits until it is healthy, and only then stops OLD.
local new, old = arg[1], arg[2]
local ok, fault = pcall(zinit.start, new, {timeout = "30s"})
if not ok then
  zinit.stop(new)
  error(new .. " did not come up, " .. old .. " stays: " .. fault.message, 0)
end
zinit.stop(old)
print(new .. " has taken over from " .. old)
