-- Gives one service another command, at runtime only, and takes that back if it fails soon.
local name, command = arg[1], table.move(arg, 2, #arg, 1, {})
local config = zinit.call("service.get", {name = name}).config
config.service.name, config.service.exec = name, command
local events = zinit.events(name, {timeout = 1})
zinit.set(config)
for event in events do
  if event.to == "failed" or event.from == "running" and event.to == "blocked" then
    zinit.reload{only = {name}}
    error(name .. " has failed with the new command and has the old one again", 0)
  end
end
print(name .. " runs the new command")
