-- Makes a service from each row of a table.
local shops = {
  {"north", 8001}, {"south", 8002}, {"west", 8003},
}
for _, shop in ipairs(shops) do
  local name, port = table.unpack(shop)
  zinit.set{
    name = "shop-" .. name, description = "the shop in the " .. name,
    exec = {"sleep", "1000"}, env = {PORT = tostring(port)}, requires = {"db"},
  }
end
print(table.concat(zinit.list "shop-*", " "))
