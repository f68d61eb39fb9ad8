-- Sends the reasons and the last lines of all failed services to a command, such as mail(1).
local report = {}
for _, name in ipairs(zinit.list()) do
  if zinit.status(name).state == "failed" then
    report[#report + 1] = name .. ": " .. zinit.why(name).reasons[1].detail
    for _, line in ipairs(zinit.logs(name, {lines = 3, stream = "stderr"})) do
      report[#report + 1] = "    " .. line.line
    end
  end
end
if #report > 0 then
  io.write(zinit.spawn({table.unpack(arg)}, {input = table.concat(report, "\n") .. "\n"}).out)
end
