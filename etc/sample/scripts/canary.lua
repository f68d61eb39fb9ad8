-- Gives one service another command, at runtime only, and restores the old one on a quick failure.
local name, command = arg[1], table.move(arg, 2, #arg, 1, {})
local config = zinit.call("service.get", {name = name}).config
config.service.name, config.service.exec = name, command
zinit.set(config)
local restarts = zinit.status(name).restart_count
zinit.sleep(1.5)
local now = zinit.status(name)
if now.state ~= "running" or now.restart_count > restarts then
  zinit.reload{only = {name}}
  error(name .. " has failed with the new command and has the old one again", 0)
end
print(name .. " runs the new command")
