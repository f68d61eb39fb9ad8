// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table `zinit` of scripts, in Lua. `c` has the functions of library.cpp.
#include "client/script/script.hpp"

namespace zinit {

const char* prelude() noexcept {
  return R"lua(
local c = ...
local zinit = {
  null = c.null, array = c.array, call = c.call, sleep = c.sleep, exit = os.exit,
  version = c.version,
}

-- Returns the given options. An option that is not in the list is an error.
local function known(options, ...)
  if options == nil then return {} end
  if type(options) ~= "table" then error("options are a table, such as {timeout = 5}", 3) end
  for key in pairs(options) do
    local good = false
    for _, name in ipairs {...} do good = good or name == key end
    if not good then error("unknown option " .. tostring(key), 3) end
  end
  return options
end

-- Adds the options to the parameters, except timeout and since: methods name these differently.
local function with(params, options)
  for name, value in pairs(options) do
    if name ~= "timeout" and name ~= "since" then params[name] = value end
  end
  return params
end

-- Asks for a change of one service and waits until it is settled, unless wait = false.
local function settle(method)
  return function(name, options)
    options = known(options, "wait", "timeout", "check", "if_running")
    local params = with({name = name, timeout_ms = c.ms(options.timeout)}, options)
    params.wait = options.wait ~= false
    return c.settle(method, params, params.wait)
  end
end
zinit.start = settle "service.start"
zinit.stop = settle "service.stop"
zinit.restart = settle "service.restart"

function zinit.list(pattern)
  local names = zinit.array {}
  for _, name in ipairs(c.call("service.list")) do
    if not pattern or c.matches(pattern, name) then names[#names + 1] = name end
  end
  return names
end

function zinit.status(name) return c.call("service.status_full", {name = name}) end
function zinit.why(name) return c.call("service.why", {name = name}) end
function zinit.stats(name) return c.call("service.stats", {name = name}) end

function zinit.kill(name, signal, options)
  options = known(options, "main", "all")
  return c.call("service.kill", with({name = name, signal = signal}, options))
end

function zinit.wait(name, options)
  options = known(options, "state", "timeout")
  return c.call("service.wait", {name = name, ["for"] = options.state,
                                 timeout_ms = c.ms(options.timeout)})
end

-- With a name, the service reloads itself. Without a name, the server reads its files again.
function zinit.reload(what)
  if type(what) == "string" then return c.call("service.reload", {name = what}) end
  return c.call("service.reload", what)
end

function zinit.delete(name, options)
  options = known(options, "persist", "cascade")
  return c.call("service.delete", with({name = name}, options))
end

function zinit.logs(name, options)
  options = known(options, "lines", "pattern", "stream", "since")
  return c.call("logs.filter", with({name = name, since_us = c.since(options.since)}, options))
end

-- Iterators over new log lines or events. With timeout they end after this long without any.
local function iterator(kind)
  return function(names, options)
    options = known(options, "lines", "timeout")
    if type(names) == "string" then names = {names} end
    local following = c.follow(kind, names, options.lines or 0)
    return function() return c.next(following, c.ms(options.timeout)) end
  end
end
zinit.follow = iterator "logs"
zinit.events = iterator "events"

os.execute = c.execute
function zinit.spawn(words, options) return c.spawn(words, known(options, "input")) end

package = {
  path = "./?.lua;/usr/local/share/lua/5.4/?.lua;/usr/share/lua/5.4/?.lua",
  loaded = {zinit = zinit},
}
for _, name in ipairs {"coroutine", "table", "io", "os", "string", "math", "utf8", "debug"} do
  package.loaded[name] = _G[name]
end

-- Loads modules that are written in Lua. Modules in shared objects cannot be loaded.
function require(name)
  local loaded = package.loaded
  if loaded[name] ~= nil then return loaded[name] end
  local tried = {}
  for template in package.path:gmatch "[^;]+" do
    local path = template:gsub("?", (name:gsub("%.", "/")))
    local file = io.open(path)
    if file then
      file:close()
      local value = assert(loadfile(path, "t"))(name, path)
      if value ~= nil then loaded[name] = value end
      if loaded[name] == nil then loaded[name] = true end
      return loaded[name], path
    end
    tried[#tried + 1] = "no file '" .. path .. "'"
  end
  error("module '" .. name .. "' not found: " .. table.concat(tried, ", "), 2)
end

local Service = {}
Service.__index = Service

function Service:check()
  c.check(self.config)
  return self
end

function Service:add(options)
  options = known(options, "persist", "start", "check")
  return c.call("service.set", with({config = self.config}, options))
end

-- Makes a service from keys of a service file. A key that several sections have needs its section.
function zinit.service(keys)
  if type(keys) ~= "table" then error("a service is a table of keys", 2) end
  return setmetatable({config = c.document(keys)}, Service)
end

function zinit.set(keys, options)
  if type(keys) ~= "table" then error("a service is a table of keys", 2) end
  return zinit.service(keys):add(options)
end

zinit.xinet = {
  set = function(proxy) return c.call("xinet.set", proxy) end,
  delete = function(name, options)
    return c.call("xinet.delete", with({name = name}, known(options, "persist")))
  end,
  list = function() return c.call("xinet.list") end,
  status = function(name)
    if name then return c.call("xinet.status", {name = name}) end
    return c.call("xinet.status_all")
  end,
}

return zinit
)lua";
}

}  // namespace zinit
