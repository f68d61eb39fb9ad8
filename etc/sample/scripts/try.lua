-- A test of a service: it must be ready in time, print a line, and stop on request.
local service = zinit.service{
  name = "trial", restart = "never", start_timeout_ms = "5s",
  exec = {"sh", "-c", "echo ready to serve; exec sleep 1000"},
}
service:check():add()
zinit.wait("trial", {timeout = "5s"})
local line = zinit.follow("trial", {lines = 1, timeout = 5})()
assert(line and line.line == "ready to serve", "it has said something else")
local stopped = zinit.stop "trial"
assert(stopped.last_exit.signal == "SIGTERM", "it had to be killed")
zinit.delete "trial"
print "passed"
