// rpc.discover: the OpenRPC 1.2.6 document of the table of methods (spec.open-rpc.org).
#include "control/answers.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

void put_schema(JsonWriter& writer, std::string_view name, std::string_view schema) {
  writer.begin_object().member("name", name).key("schema").put_raw(schema).end_object();
}

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
  writer.key("result");
  put_schema(writer, "result", method.result);
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

constexpr std::string_view kReason =
    R"({"type":["object","null"],"properties":{"type":{"type":"string"},)"
    R"("step":{"type":"string"}},"required":["type"]})";
constexpr std::string_view kNames = R"({"type":"array","items":{"type":"string"}})";
constexpr std::string_view kLeft =
    R"({"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},)"
    R"("reason":{"type":"string"}}}})";
constexpr std::string_view kTree =
    R"({"type":"object","properties":{"name":{"type":"string"},"state":{"type":["string","null"]},)"
    R"("kind":{"type":"string"},"holds":{"type":"boolean"},"file":{"type":"string"},)"
    R"("repeated":{"type":"boolean"},"children":{"type":"array",)"
    R"("items":{"$ref":"#/components/schemas/tree"}}}})";
constexpr std::string_view kProcessTree =
    R"({"type":"object","properties":{"pid":{"type":"integer"},"comm":{"type":"string"},)"
    R"("children":{"type":"array","items":{"$ref":"#/components/schemas/process_tree"}},)"
    R"("others":{"type":"array","items":{"$ref":"#/components/schemas/process_tree"}}}})";
constexpr std::string_view kEvent =
    R"({"type":"object","properties":{"service":{"type":"string"},)"
    R"("from":{"$ref":"#/components/schemas/state"},"to":{"$ref":"#/components/schemas/state"},)"
    R"("reason":{"$ref":"#/components/schemas/reason"},"pid":{"type":["integer","null"]},)"
    R"("time_us":{"type":"integer"},"seq":{"type":"integer"}}})";

constexpr std::string_view kLogLine =
    R"({"type":"object","properties":{"service":{"type":"string"},)"
    R"("time_us":{"type":"integer"},"stream":{"enum":["stdout","stderr","zinit","syslog"]},)"
    R"("line":{"type":"string"},"raw":{"type":"string","contentEncoding":"base64"},)"
    R"("continues":{"type":"boolean"},"seq":{"type":"integer"}}})";

constexpr std::string_view kProxy =
    R"({"type":"object","properties":{"name":{"type":"string"},)"
    R"("listen":{"type":"array","items":{"type":"string"}},"backend":{"type":"string"},)"
    R"("service":{"type":"string"},"running":{"type":"boolean"},)"
    R"("error":{"type":["string","null"]},"total_connections":{"type":"integer"},)"
    R"("active_connections":{"type":"integer"},"rejected_connections":{"type":"integer"},)"
    R"("bytes_to_backend":{"type":"integer"},"bytes_from_backend":{"type":"integer"},)"
    R"("connect_timeout":{"type":"integer"},"idle_timeout":{"type":"integer"},)"
    R"("single_connection":{"type":"boolean"},"proxy_protocol":{"enum":[0,1,2]},)"
    R"("file":{"type":["string","null"]},)"
    R"("warnings":{"type":"array","items":{"type":"string"}}}})";

void put_components(JsonWriter& writer) {
  writer.key("components").begin_object().key("schemas").begin_object();
  put_states(writer);
  writer.key("names").put_raw(kNames).key("left").put_raw(kLeft).key("reason").put_raw(kReason);
  writer.key("tree").put_raw(kTree).key("event").put_raw(kEvent);
  writer.key("process_tree").put_raw(kProcessTree);
  writer.key("log_line").put_raw(kLogLine).key("proxy").put_raw(kProxy);
  writer.key("status_full").put_raw(status_full_schema()).end_object();
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
     "This document", kObject},
};
// clang-format on

}  // namespace

std::span<const Method> discover_methods() noexcept { return kMethods; }

}  // namespace zinit
