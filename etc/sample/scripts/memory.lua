-- Restarts services that use more memory than the given MiB.
local limit = tonumber(arg[1]) * 1024 * 1024
for _, name in ipairs(zinit.list()) do
  local used = zinit.stats(name).memory_bytes
  if used ~= zinit.null and used > limit then
    zinit.restart(name)
    print("restarted " .. name)
  end
end
