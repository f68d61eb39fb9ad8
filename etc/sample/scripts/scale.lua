-- Keeps one worker for each two jobs in a directory, between 1 and 4 of them.
local directory, jobs = arg[1], 0
for _ in zinit.spawn({"ls", directory}).out:gmatch "[^\n]+" do jobs = jobs + 1 end
local wanted = math.max(1, math.min(4, (jobs + 1) // 2))
for i = 1, 4 do
  local name = "worker-" .. i
  local there = #zinit.list(name) > 0
  if i <= wanted and not there then
    zinit.set{name = name, exec = {"sleep", "1000"}, env = {QUEUE = directory}}
  elseif i > wanted and there then
    zinit.delete(name)
  end
end
print(jobs .. " jobs, workers: " .. table.concat(zinit.list "worker-*", " "))
