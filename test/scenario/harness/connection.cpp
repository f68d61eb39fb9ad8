// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines over a unix socket: see connection.hpp.
#include "scenario/harness/connection.hpp"
#include "scenario/harness.hpp"

namespace zinit::test {

std::unique_ptr<Connection> Connection::attempt(const std::string& path) {
  UniqueFd fd = connected(path, SOCK_NONBLOCK);
  if (!fd) return nullptr;
  fcntl(fd.get(), F_SETFL, 0);
  return std::make_unique<Connection>(std::move(fd));
}

Json Connection::read(std::chrono::milliseconds deadline) {
  const auto text = line(deadline);
  if (!text) FAIL("the server closed the connection");
  const auto json = Json::parse(*text);
  if (!json) FAIL("not a JSON text: " << *text);
  return *json;
}

bool Connection::silent() {
  const std::string id = "\"end-" + std::to_string(next_id_++) + "\"";
  send(R"({"jsonrpc":"2.0","method":"system.ping","id":)" + id + "}\n");
  return read()["id"].dump() == id && received_.empty();
}

std::string Connection::request(int id, std::string_view method, std::string_view params) const {
  std::string text =
      R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":)" + json_of(method);
  if (!params.empty()) text += R"(,"params":)" + std::string(params);
  return text + "}\n";
}

bool Connection::answers(const Json& message, int id) {
  if (message["id"] == id) return true;
  if (message.has("method")) notifications_.push_back(message);
  return false;
}

Json Connection::call(std::string_view method, std::string_view params) {
  const int id = next_id_++;
  const std::string text = request(id, method, params);
  if (!send(text)) FAIL("the server closed the connection before " << text);
  for (;;) {
    Json answer = read();
    if (answers(answer, id)) return answer;
  }
}

std::optional<Json> Connection::attempt_call(std::string_view method, std::string_view params,
                                             std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  const int id = next_id_++;
  const std::string text = request(id, method, params);
  // A message this short is sent as a whole or not at all.
  if (send_some(text) != text.size()) return std::nullopt;
  for (;;) {
    while (received_.find('\n') == std::string::npos) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left <= 0ms || !ready(POLLIN, left) || !receive()) return std::nullopt;
    }
    Json answer = read();
    if (answers(answer, id)) return answer;
  }
}

Json Connection::result(std::string_view method, std::string_view params) {
  const Json answer = call(method, params);
  if (!answer.has("result")) FAIL(method << " " << params << " failed: " << answer);
  return answer["result"];
}

Json Connection::error(std::string_view method, std::string_view params) {
  const Json answer = call(method, params);
  if (!answer.has("error")) FAIL(method << " " << params << " did not fail: " << answer);
  return answer["error"];
}

Json Connection::notification(std::chrono::milliseconds deadline) {
  if (notifications_.empty()) return read(deadline)["params"];
  const Json first = notifications_.front();
  notifications_.pop_front();
  return first["params"];
}

std::string named(std::string_view name, std::string_view more) {
  return R"({"name":)" + json_of(name) + (more.empty() ? "" : ",") + std::string(more) + "}";
}

}  // namespace zinit::test
