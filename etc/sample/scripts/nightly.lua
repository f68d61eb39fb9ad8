-- Restarts services that have run for the given hours without a restart. For cron, or a [timer].
local limit_ms = tonumber(arg[1]) * 3600 * 1000
for _, name in ipairs(zinit.list()) do
  local uptime = zinit.status(name).uptime_ms
  if uptime ~= zinit.null and uptime >= limit_ms then
    zinit.restart(name)
    print("restarted " .. name)
  end
end
