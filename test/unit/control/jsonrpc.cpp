// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// JSON-RPC 2.0: texts become calls, answers become texts. No method is carried out here.
#include "control/jsonrpc.hpp"
#include "client/libzinit/json.hpp"
#include "support/test.hpp"

namespace zinit::test::control_jsonrpc {
namespace {

/// The only call of a text that is not a batch.
RpcCall only_call(RpcMessage& message) {
  REQUIRE(message.calls.size() == 1);
  REQUIRE_FALSE(message.batch);
  return message.calls[0];
}

/// The answer to a text that is refused as a whole.
std::string refusal(std::string_view text) {
  RpcMessage message = parse_rpc(text);
  const RpcCall call = only_call(message);
  REQUIRE(call.fault);
  return rpc_failure(call.id, *call.fault);
}

constexpr std::string_view kParseError =
    R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null})";
/// A row of jsonrpc.golden.
std::string described(const std::string& text) {
  const RpcMessage message = parse_rpc(text);
  std::string all = message.batch ? "a batch:" : "";
  for (const RpcCall& call : message.calls) {
    if (!all.empty()) all += " ";
    if (call.fault) {
      all += rpc_failure(call.id, *call.fault);
      continue;
    }
    all += std::string(call.method) + (call.params != nullptr ? " " + json_text(*call.params) : "");
    all += call.id.empty() ? ", a notification;" : ", id " + std::string(call.id) + ";";
  }
  return all;
}

TEST_CASE("a text becomes calls, or is refused", "[control][jsonrpc]") {
  CHECK_GOLDEN_ROWS("jsonrpc", described);
}

TEST_CASE("parameters may come by name, and survive the moving of their message",
          "[control][jsonrpc]") {
  RpcMessage first = parse_rpc(
      R"({"jsonrpc":"2.0","method":"subtract","params":{"subtrahend":23,"minuend":42},"id":3})");
  const RpcMessage message = std::move(first);
  const JsonValue* params = message.calls.at(0).params;
  REQUIRE(params != nullptr);
  REQUIRE(params->IsObject());
  CHECK((*params)["minuend"].GetInt() == 42);
}

TEST_CASE("text that is no JSON is a parse error", "[control][jsonrpc]") {
  for (const std::string text :
       {"\"a\nb\"", "// x\n1", "\xef\xbb\xbf{}", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\""}) {
    INFO(text);
    CHECK(refusal(text) == kParseError);
  }
  CHECK(refusal(std::string("1\0", 2)) == kParseError);
  CHECK(refusal(std::string("{}\0{", 4)) == kParseError);
}

TEST_CASE("a batch has a largest size", "[control][jsonrpc]") {
  std::string text = "[1";
  for (std::size_t i = 1; i < kMaxBatch; ++i) text += ",1";
  CHECK(parse_rpc(text + "]").calls.size() == kMaxBatch);
  RpcMessage message = parse_rpc(text + ",1]");
  const RpcCall call = only_call(message);
  REQUIRE(call.fault);
  CHECK(call.fault->code() == RpcCode::invalid_request);
}

TEST_CASE("a request has a largest number of values", "[control][jsonrpc]") {
  // Six other values: the request, its four members and the array.
  const auto request = [](std::size_t values) {
    std::string text = R"({"jsonrpc":"2.0","method":"m","id":1,"params":[1)";
    for (std::size_t i = 6; i < values; ++i) text += ",1";
    return text + "]}";
  };
  RpcMessage fits = parse_rpc(request(kMaxRequestValues));
  CHECK_FALSE(only_call(fits).fault);
  CHECK(refusal(request(kMaxRequestValues + 1)) ==
        R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid Request",)"
        R"("data":{"name":"invalid_request","service":null,)"
        R"("hint":"a request may have at most 80000 values"}},"id":null})");
}

TEST_CASE("deep nesting is refused without a deep stack", "[control][jsonrpc]") {
  const auto nested = [](std::size_t depth, std::string_view open, std::string_view close) {
    std::string text = R"({"jsonrpc":"2.0","method":"m","id":1,"params":)";
    for (std::size_t i = 0; i < depth; ++i) text += open;
    text += "1";
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text + "}";
  };
  RpcMessage fits = parse_rpc(nested(kMaxRequestDepth - 1, "[", "]"));
  CHECK_FALSE(only_call(fits).fault);
  for (const std::size_t depth : {std::size_t{kMaxRequestDepth}, std::size_t{500000}}) {
    RpcMessage arrays = parse_rpc(nested(depth, "[", "]"));
    REQUIRE(only_call(arrays).fault);
    CHECK(only_call(arrays).fault->code() == RpcCode::invalid_request);
    const std::string limit = "values may be nested 64 deep";
    CHECK(only_call(arrays).fault->json().find(limit) != std::string::npos);
    RpcMessage objects = parse_rpc(nested(depth / 5, R"({"a":)", "}"));
    if (depth > 1000) CHECK(only_call(objects).fault);
  }
  CHECK(refusal(std::string(1000000, '{')) == kParseError);
  RpcMessage open = parse_rpc(std::string(1000000, '['));
  CHECK(only_call(open).fault);
}

TEST_CASE("a request of 1 MiB is read whole", "[control][jsonrpc]") {
  const std::string filler(1048000, 'x');
  RpcMessage message =
      parse_rpc(R"({"jsonrpc":"2.0","method":"m","params":[")" + filler + R"("],"id":1})");
  const RpcCall call = only_call(message);
  REQUIRE_FALSE(call.fault);
  CHECK((*call.params)[0].GetStringLength() == filler.size());
}

TEST_CASE("numbers in parameters keep their value", "[control][jsonrpc]") {
  RpcMessage message = parse_rpc(R"({"jsonrpc":"2.0","method":"m","params":[-9223372036854775808,)"
                                 R"(18446744073709551615,0.1,1e3,1e-400]})");
  const JsonValue& params = *only_call(message).params;
  CHECK(params[0].GetInt64() == std::numeric_limits<std::int64_t>::min());
  CHECK(params[1].GetDouble() == 18446744073709551615.0);
  CHECK(params[2].GetDouble() == 0.1);
  CHECK(params[3].GetDouble() == 1000);
  CHECK(params[4].GetDouble() == 0);
}

TEST_CASE("random bytes and mangled requests never do worse than be refused",
          "[control][jsonrpc]") {
  unsigned state = 20240607;
  INFO("seed 20240607");
  const auto random = [&state](unsigned below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  const std::string model =
      R"([{"jsonrpc":"2.0","method":"service.start","params":{"name":"web","wait":true},"id":"a"},)"
      R"({"jsonrpc":"2.0","method":"m","params":[1.5e3,"\u00e4\n",null,[{}]],"id":-0.25}])";
  constexpr std::string_view alphabet = "{}[]\",:0123456789.eE+-\\untrflase\x00\x7f\xff\xc3 \t";
  for (int round = 0; round < 20000; ++round) {
    std::string text = model;
    for (unsigned edits = random(6) + 1; edits > 0; --edits) {
      const unsigned at = random(static_cast<unsigned>(text.size()));
      switch (random(3)) {
        case 0: text[at] = alphabet[random(alphabet.size())]; break;
        case 1: text.erase(at, random(20) + 1); break;
        default: text.insert(at, text.substr(random(static_cast<unsigned>(text.size())), 8)); break;
      }
      if (text.empty()) text = "x";
    }
    for (const RpcCall& call : parse_rpc(text).calls) {
      if (call.fault) {
        // The answer is JSON for any input.
        REQUIRE_FALSE(parse_rpc(rpc_failure(call.id, *call.fault)).document.IsNull());
      } else {
        REQUIRE((call.params == nullptr || call.params->IsArray() || call.params->IsObject()));
      }
    }
  }
}

TEST_CASE("a result and a notification are written as JSON-RPC has them", "[control][jsonrpc]") {
  CHECK(rpc_result("7", "[1]") == R"({"jsonrpc":"2.0","result":[1],"id":7})");
  CHECK(rpc_notification("events.state", R"({"a":1})") ==
        R"({"jsonrpc":"2.0","method":"events.state","params":{"a":1}})");
}

TEST_CASE(
    "an error of zinit's carries its name, the service and what to do; JSON-RPC's own has data "
    "only where there is more to say",
    "[control][jsonrpc]") {
  CHECK(RpcError(RpcCode::not_running, "web is not running").about("web").json() ==
        R"({"code":-32003,"message":"web is not running",)"
        R"("data":{"name":"not_running","service":"web","hint":null}})");
  CHECK(RpcError(RpcCode::config_error, "x").hint("mend it").with("messages", R"(["a"])").json() ==
        R"({"code":-32005,"message":"x",)"
        R"("data":{"name":"config_error","service":null,"hint":"mend it","messages":["a"]}})");
  CHECK(RpcError(RpcCode::method_not_found, "Method not found").json() ==
        R"({"code":-32601,"message":"Method not found"})");
  CHECK(RpcError(RpcCode::method_not_found, "Method not found").hint("did you mean x?").json() ==
        R"({"code":-32601,"message":"Method not found",)"
        R"("data":{"name":"method_not_found","service":null,"hint":"did you mean x?"}})");
}

TEST_CASE("what is written is UTF-8 on one line, whatever the strings hold", "[control][json]") {
  CHECK(json_of("a\"\\\n\x01\x7f ü") == "\"a\\\"\\\\\\n\\u0001\x7f ü\"");
  CHECK(json_of("\xff") == "\"\xef\xbf\xbd\"");
  CHECK(json_of(std::string_view("a\0b", 3)) == R"("a\u0000b")");
  CHECK(json_of(std::optional<int>()) == "null");
  CHECK(json_of(Texts{"a", "b"}) == R"(["a","b"])");
  CHECK(json_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

}  // namespace
}  // namespace zinit::test::control_jsonrpc
