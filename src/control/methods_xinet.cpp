// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The methods xinet.*, which set, remove and list proxies.
#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/value_text.hpp"
#include "control/answers.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

constexpr std::string_view kPersist = "persist";

constexpr Param kProxyName{"name", ParamType::string, true, {}, "the proxy"};
constexpr Param kJustProxy[] = {kProxyName};
constexpr Param kPersistParam{kPersist, ParamType::boolean, false, "false", "write its file too"};
// The position of `persist` among the parameters. Keys that zinit got later stand behind it.
constexpr std::size_t kPersistAt = 8;

ParamType type_of(const Key& key) {
  switch (key.type) {
    case Type::boolean: return ParamType::boolean;
    case Type::integer: return ParamType::count;
    case Type::duration: return ParamType::duration;
    case Type::addresses: return ParamType::strings;
    default: return ParamType::string;
  }
}

constexpr Param kProxyDelete[] = {
    kProxyName,
    {kPersist, ParamType::boolean, false, "false", "remove its file too; a vendor's is masked"},
};

/// The parameters of xinet.set: the keys of [proxy], and `persist`.
std::vector<Param> set_params() {
  std::vector<Param> params;
  for (const Key& key : section_keys("proxy")) {
    const bool required = key.required() || key.name == kProxyName.name;
    params.push_back({key.name, type_of(key), required,
                      required ? std::string_view() : key.default_text, key.help});
  }
  params.insert(params.begin() + kPersistAt, kPersistParam);
  return params;
}

/// The given keys; or a text that says which value a file cannot have.
tl::expected<Value, std::string> config_of(const Params& params) {
  JsonDocument config(rapidjson::kObjectType);
  auto& allocator = config.GetAllocator();
  for (const Key& key : section_keys("proxy")) {
    const JsonValue* given = params.value(key.name);
    if (given == nullptr) continue;
    JsonValue name(key.name.data(), static_cast<unsigned>(key.name.size()), allocator);
    // The copy recurses no deeper than an array of strings, because the types were checked.
    JsonValue value(*given, allocator);
    config.AddMember(name, value, allocator);
  }
  return value_from_json(config);
}

std::vector<std::string> names_of(const Daemon& daemon) {
  std::vector<std::string> names;
  for (const ProxyView& proxy : daemon.proxies()) names.push_back(proxy.spec->name);
  return names;
}

RpcError proxy_not_found(const Daemon& daemon, std::string_view name) {
  const std::string told = shortened(name, kNameMax);
  return RpcError(RpcCode::proxy_not_found, fmt::format("no proxy \"{}\"", printable(told)))
      .hint(near_hint(nearest(name, names_of(daemon))))
      .with("proxy", json_of(told));
}

/// Turns a refusal into an error about the proxy `name`, or about its `service`.
auto refusal_about(RpcContext& context, std::string name, std::string service = {}) {
  return [&context, name = std::move(name),
          service = std::move(service)](const RequestFailure& failure) -> RpcError {
    if (failure.refusal == Refusal::proxy_not_found) return proxy_not_found(context.daemon, name);
    const bool of_service = failure.refusal == Refusal::not_found;
    return refused(context, of_service ? service : std::string(), failure)
        .with("proxy", json_of(name));
  };
}

/// What the answer about a proxy is written from.
struct ProxySource : ProxyKeys, ProxyView {
  std::string file;
  std::vector<std::string> warnings;
};

ProxySource status_of(const Board& board, const ProxyView& proxy) {
  ProxySource source{*proxy.spec, proxy, proxy.spec->file, proxy.spec->errors};
  source.warnings.insert(source.warnings.end(), proxy.spec->warnings.begin(),
                         proxy.spec->warnings.end());
  const std::string& service = proxy.spec->service;
  // An instance of a template is made by the first connection.
  if (!service.empty() && board.find(service) == kNoSlot && service.find('@') == std::string::npos)
    source.warnings.push_back(fmt::format(
        "the service {} does not exist: connections wait for it for connect_timeout", service));
  return source;
}

Outcome xinet_set(Call& call) {
  const auto refuse = refusal_about(call.context, shortened(name_of(call), kNameMax),
                                    std::string(*call.params.string("service")));
  auto config = config_of(call.params);
  if (!config) {
    return refuse({Refusal::config_error,
                   "the settings are wrong: " + config.error(),
                   {"error: " + config.error()}});
  }
  const Awaited<Daemon::ProxySet> awaited;
  call.context.daemon.set_proxy({*std::move(config), call.params.boolean(kPersist)},
                                awaited.as(call.context, refuse, [](const auto& set) {
                                  return object_json<protocol::ProxySetResult>(*set);
                                }));
  return awaited.later();
}

Outcome xinet_delete(Call& call) {
  const std::string name(name_of(call));
  const Awaited<void> awaited;
  call.context.daemon.delete_proxy(
      {name, call.params.boolean(kPersist)},
      awaited.as(call.context, refusal_about(call.context, name),
                 [](const RequestResult<void>&) { return ok_json(); }));
  return awaited.later();
}

Outcome xinet_list(Call& call) { return json_of(names_of(call.context.daemon)); }

Outcome xinet_status(Call& call) {
  for (const ProxyView& proxy : call.context.daemon.proxies())
    if (proxy.spec->name == name_of(call))
      return object_json<protocol::ProxyStatus>(status_of(call.context.board, proxy));
  return proxy_not_found(call.context.daemon, name_of(call));
}

Outcome xinet_status_all(Call& call) {
  std::vector<ProxySource> all;
  for (const ProxyView& proxy : call.context.daemon.proxies())
    all.push_back(status_of(call.context.board, proxy));
  return list_json<protocol::ProxyStatus>(all);
}

// --- the rows ---

constexpr std::string_view kProxySetAliases[] = {"xinet.create", "xinet.register"};
constexpr std::string_view kProxyDeleteAliases[] = {"xinet.unregister"};

}  // namespace

std::span<const Method> xinet_methods() noexcept {
  static const std::vector<Param> proxy_set = set_params();
  // clang-format off
  static const Method rows[] = {
    {"xinet.set",               kProxySetAliases, proxy_set, Right::full, xinet_set,
     "Adds or replaces a proxy", Shapes::one<protocol::ProxySetResult>},
    {"xinet.delete",            kProxyDeleteAliases, kProxyDelete,   Right::full, xinet_delete,
     "Removes a proxy; relayed connections go on, waiting ones are reset", Shapes::ok},
    {"xinet.list",              {}, {},               Right::read, xinet_list,
     "Returns the names of all proxies, sorted", Shapes::names},
    {"xinet.status",            {}, kJustProxy,       Right::read, xinet_status,
     "Returns everything about one proxy", Shapes::one<protocol::ProxyStatus>},
    {"xinet.status_all",        {}, {},               Right::read, xinet_status_all,
     "Returns everything about all proxies", Shapes::list<protocol::ProxyStatus>},
  };
  // clang-format on
  return rows;
}

}  // namespace zinit
