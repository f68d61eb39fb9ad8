// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes libzinit: for any answer of a server a call ends with a result or a ClientError, and JSON
// results are valid JSON. The input is what the server sends before it ends the connection.
#include "fuzz/fuzz.hpp"

#include <sys/socket.h>

#include <functional>

#include "base/fd.hpp"
#include "base/unix_address.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "zinit/async_client.hpp"

namespace zinit::fuzz {
namespace {

/// Calls `action`, and accepts the errors that a call may have.
template <class Action>
void may_fail(Action action) {
  try {
    action();
  } catch (const ClientError& error) {
    require(error.code() != 0 && (error.data().empty() || valid_utf8(error.data())));
  }
}

bool is_json(const std::string& text) {
  JsonDocument document;
  document.Parse<kJsonParse>(text.data(), text.size());
  return !document.HasParseError();
}

/// Removes numbers: fractions are read quickly and not to the last bit; zinit never answers them.
std::string but_numbers(std::string json) {
  std::erase_if(json, [](char c) {
    return std::string_view("0123456789+-.eE").find(c) != std::string_view::npos;
  });
  return json;
}

void check_value(const JsonValue& value, std::size_t size) {
  const auto read = [&]<class... Type>() { (may_fail([&] { (void)read_as<Type>(value); }), ...); };
  read.operator()<BriefStatus, Isolation, SetResult, ReloadReport, ProxySetResult, LogLine,
                  std::vector<StateEvent>, StateEvent, PingAnswer, SystemInfo>();
  may_fail([&] {
    for (const DroppedLines& dropped : read_as<ServiceStatus>(value).log_dropped_by)
      require(dropped.lines == 0 || dropped.sink.size() <= size);
  });
  may_fail([&] { require(read_as<WhyReport>(value).reasons.size() <= size); });
  may_fail([&] {
    for (const TreeNode& node : read_as<std::vector<TreeNode>>(value))
      require(node.depth >= 0 && static_cast<std::size_t>(node.depth) <= size);
  });
  may_fail([&] { require(is_json(read_as<ServiceConfig>(value).config)); });
  may_fail([&] { (void)read_bulk(value, "started"); });
  may_fail([&] { require(read_as<std::vector<ProxyStatus>>(value).size() <= size); });
  may_fail([&] {
    for (const LogLine& line : read_as<std::vector<LogLine>>(value))
      require(!line.raw || line.raw->size() < size);
  });
  may_fail([&] { (void)json_strings(value); });
}

void check_text(const std::string& text) {
  may_fail([&] {
    const JsonDocument document = parse_json(text);
    const std::string written = json_text(document);
    const std::string indented = json_text(document, 2);
    require(is_json(written) == is_json(indented));
    for (const std::string& each : {written, indented})
      require(but_numbers(json_text(parse_json(each))) == but_numbers(written));
    check_value(document, text.size());
  });
}

/// A listening socket without a file: its name is in the abstract namespace.
class Listener {
 public:
  Listener() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = unix_address(path_);
    require(::bind(fd_.get(), generic(address), sizeof address) == 0);
    require(::listen(fd_.get(), 8) == 0);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Sends the next client these bytes and their end, and returns its connection.
  [[nodiscard]] UniqueFd answer(std::string_view bytes) const {
    UniqueFd server(::accept(fd_.get(), nullptr, nullptr));
    require(::send(server.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == std::ssize(bytes));
    require(::shutdown(server.get(), SHUT_WR) == 0);
    return server;
  }

 private:
  static std::string new_path() {
    static int count = 0;
    return std::string(1, '\0') + "zinit-fuzz-" + std::to_string(::getpid()) + "-" +
           std::to_string(++count);
  }

  const std::string path_ = new_path();
  UniqueFd fd_;
};

/// Checks the calls that the input answers; the first call has id 1.
void check_calls(std::string_view input) {
  static const Listener listener;
  Client client = Client::connect(listener.path(), std::chrono::milliseconds(1000));
  const UniqueFd server = listener.answer(input);
  const auto told = [](std::string_view, std::string_view params) {
    require(is_json(std::string(params)));
  };
  may_fail([&] { require(is_json(client.call("system.ping"))); });
  may_fail([&] { (void)client.subscribe("events.subscribe", {}, told); });
  may_fail([&] { (void)client.logs_subscribe({}, [](const LogLine&) {}); });
  may_fail([&] { (void)client.list_full(); });
  may_fail([&] { (void)client.is_running("a"); });
  may_fail([&] {
    // Each notification has its own line.
    for (std::size_t i = 0; client.dispatch(std::chrono::milliseconds(0)); ++i)
      require(i <= input.size());
  });
}

/// The same for AsyncClient: it reports each call once, and the connection ends.
void check_async_calls(std::string_view input) {
  static const Listener listener;
  AsyncClient client(listener.path());
  const UniqueFd server = listener.answer(input);
  int told = 0;
  bool closed = false;
  client.on_closed([&](const ClientError& error) {
    require(told == 4 && error.code() != 0);
    closed = true;
  });
  const auto count = [&](const auto& answer) {
    ++told;
    require(answer || answer.error().code() != 0);
  };
  client.call(any_request("system.ping"), count);
  client.subscribe(
      "events.subscribe", {},
      [](std::string_view, const std::string& params) { require(is_json(params)); }, count);
  client.logs_subscribe(
      {}, [](const LogLine&) {}, 0, count);
  client.call(request::list_full(), count);
  for (std::size_t i = 0; client.is_open(); ++i) {
    require(i <= input.size() + 1);
    client.on_readable();
  }
  require(closed && client.fd() == -1 && !client.next_timeout());
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      R"({"jsonrpc":"2.0","id":1,"result": "id":2,"result":{"subscription":1} "id":3 "id":null )"
      R"("error":{"code":-32001,"message": "data":{ "dropped": "children":[ "raw":"aGk=" "why":{ )"
      R"("method":"events.state","params":{"subscription":1, "config":{ "boot":{ "listen":[ )"
      R"("idle_timeout": "reasons":[ "skipped":[ null true \udc00 \ud83d\ude00 1e308 [[[[[[[[ )"
      R"(-9223372036854775808 18446744073709551615 {"a":)"
      " \n");
  all.insert(std::string(1, '\0'));
#define ZINIT_MEMBER(type, field, name, shape) all.insert("\"" name "\":");
#include "zinit/objects.inc"
  return all;
}

void look_at(std::string_view input) {
  for (const std::string_view line : split(input, '\n')) check_text(std::string(line));
  check_calls(input);
  check_async_calls(input);
}

}  // namespace zinit::fuzz
