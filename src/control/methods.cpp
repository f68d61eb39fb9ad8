// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of all methods, and how a call finds its row: see methods.hpp.
#include "control/methods.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "control/answers.hpp"

namespace zinit {

namespace {

const Method* find_method(std::span<const Method> methods, std::string_view name) {
  for (const Method& method : methods) {
    if (method.name == name) return &method;
    for (const std::string_view alias : method.aliases)
      if (alias == name) return &method;
  }
  return nullptr;
}

RpcError method_not_found(std::span<const Method> methods, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Method& method : methods) known.push_back(method.name);
  return RpcError(RpcCode::method_not_found, "Method not found")
      .hint(near_hint(nearest(name, known)));
}

}  // namespace

std::span<const Method> all_methods() {
  static const std::vector<Method> all = [] {
    std::vector<Method> rows;
    for (const auto family :
         {discover_methods(), system_methods(), service_methods(), process_methods(),
          change_methods(), request_methods(), log_methods(), event_methods(), xinet_methods(),
          metrics_methods(), debug_methods(), rehearse_methods()})
      rows.insert(rows.end(), family.begin(), family.end());
    return rows;
  }();
  return all;
}

Outcome dispatch(std::span<const Method> methods, const RpcCall& request, Right right,
                 RpcContext& context, Subscriber& subscriber) {
  const Method* method = find_method(methods, request.method);
  if (method == nullptr) return method_not_found(methods, request.method);
  if (right < method->right) {
    return RpcError(RpcCode::not_permitted, fmt::format("{} is not permitted", method->name))
        .hint(
            "members of socket_group may only query; root and the server's own user may call it, "
            "and so may members if zinit.toml has socket_group_access = \"full\"");
  }
  const tl::expected<Params, RpcError> params = Params::bind(method->params, request.params);
  if (!params) return params.error();
  Call call{context, subscriber, *params, right};
  return method->handler(call);
}

}  // namespace zinit
