// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// rpc.discover: the OpenRPC 1.2.6 document of the table of methods (spec.open-rpc.org).
#include "control/answers.hpp"
#include "control/objects.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

/// The schema of a parameter, with its default if it has one.
std::string schema_of(const Param& param) {
  std::string schema(param_type_schema(param.type));
  if (param.default_json.empty()) return schema;
  schema.pop_back();
  return schema.append(R"(,"default":)").append(param.default_json).append("}");
}

void put_params(JsonWriter& writer, std::span<const Param> params) {
  writer.key("params").begin_array();
  for (const Param& param : params) {
    writer.begin_object().member("name", param.name).member("description", param.summary);
    writer.member("required", param.required).key("schema").put_raw(schema_of(param)).end_object();
  }
  writer.end_array();
}

void put_method(JsonWriter& writer, const Method& method, std::string_view name) {
  writer.begin_object().member("name", name).member("summary", method.summary);
  writer.member("paramStructure", "either");
  put_params(writer, method.params);
  writer.key("result").begin_object().member("name", "result").key("schema");
  put_schema(writer, method.result);
  writer.end_object();
  writer.member("x-right", method.right == Right::read ? "read" : "full");
  if (name != method.name) writer.member("x-alias-of", method.name);
  writer.end_object();
}

void put_states(JsonWriter& writer) {
  writer.key("state").begin_object().key("enum").begin_array();
  for (const StateInfo& info : kStates) writer.put(info.name);
  writer.end_array().end_object();
}

void put_errors(JsonWriter& writer) {
  writer.key("errors").begin_object();
  for (const RpcCodeInfo& info : kRpcCodes) {
    writer.key(info.name).begin_object().member("code", static_cast<std::int32_t>(info.code));
    writer.member("message", info.name).end_object();
  }
  writer.end_object();
}

void put_components(JsonWriter& writer) {
  writer.key("components").begin_object().key("schemas").begin_object();
  put_states(writer);
  put_schemas(writer);
  writer.end_object();
  put_errors(writer);
  writer.end_object();
}

Outcome rpc_discover(Call& /*call*/) {
  JsonWriter writer;
  writer.begin_object().member("openrpc", "1.2.6");
  writer.key("info").begin_object().member("title", "zinit").member("version", ZINIT_VERSION);
  writer.member("description", "JSON-RPC 2.0 over a unix socket, one JSON text a line");
  writer.end_object().key("methods").begin_array();
  for (const Method& method : all_methods()) {
    if (method.handler == rpc_discover) continue;  // the document need not describe itself
    put_method(writer, method, method.name);
    for (const std::string_view alias : method.aliases) put_method(writer, method, alias);
  }
  writer.end_array();
  put_components(writer);
  return writer.end_object().take();
}

// --- the rows ---

// clang-format off
constexpr Method kMethods[] = {
    {"rpc.discover",            {}, {},               Right::read, rpc_discover,
     "This document", Shapes::object},
};
// clang-format on

}  // namespace

std::span<const Method> discover_methods() noexcept { return kMethods; }

}  // namespace zinit
