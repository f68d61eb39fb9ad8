// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines over a unix socket: see connection.hpp.
#include "scenario/harness/connection.hpp"
#include "scenario/harness.hpp"

namespace zinit::test {

namespace {

/// A connected socket, or -1. With SOCK_NONBLOCK in `flags` it does not wait for a full backlog.
int connect_to(const std::string& path, int flags = 0) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

bool readable(int fd, std::chrono::milliseconds deadline) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, static_cast<int>(deadline.count())) > 0;
}

}  // namespace

Connection::Connection(const std::string& path) : fd_(connect_to(path)) {
  if (fd_ < 0) FAIL("cannot connect to " << path << ": " << std::strerror(errno));
}

Connection::~Connection() {
  if (fd_ >= 0) close(fd_);
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      next_id_(other.next_id_),
      buffer_(std::move(other.buffer_)),
      notifications_(std::move(other.notifications_)) {}

std::unique_ptr<Connection> Connection::attempt(const std::string& path) {
  const int fd = connect_to(path, SOCK_NONBLOCK);
  if (fd < 0) return nullptr;
  fcntl(fd, F_SETFL, 0);
  return std::unique_ptr<Connection>(new Connection(fd));
}

bool Connection::possible(const std::string& path) {
  const int fd = connect_to(path);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t Connection::send_some(std::string_view bytes) {
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

std::optional<std::string> Connection::line(std::chrono::milliseconds deadline) {
  for (std::size_t seen = 0;;) {
    const auto end = buffer_.find('\n', seen);
    if (end != std::string::npos) {
      std::string found = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return found;
    }
    seen = buffer_.size();
    if (!readable(fd_, deadline)) FAIL("no line in time, only: " << buffer_.substr(0, 1000));
    char block[65536];
    const ssize_t n = recv(fd_, block, sizeof block, 0);
    if (n <= 0) return std::nullopt;
    buffer_.append(block, static_cast<std::size_t>(n));
  }
}

Json Connection::read(std::chrono::milliseconds deadline) {
  const auto text = line(deadline);
  if (!text) FAIL("the server closed the connection");
  const auto json = Json::parse(*text);
  if (!json) FAIL("not a JSON text: " << *text);
  return *json;
}

bool Connection::closed(std::chrono::milliseconds deadline) {
  char block[65536];
  while (readable(fd_, deadline)) {
    if (recv(fd_, block, sizeof block, 0) <= 0) return true;
  }
  return false;
}

bool Connection::silent() {
  const std::string id = "\"end-" + std::to_string(next_id_++) + "\"";
  send(R"({"jsonrpc":"2.0","method":"system.ping","id":)" + id + "}\n");
  return read()["id"].dump() == id && buffer_.empty();
}

std::string Connection::request(int id, std::string_view method, std::string_view params) const {
  std::string text =
      R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":)" + json_string(method);
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
    while (buffer_.find('\n') == std::string::npos) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      char block[65536];
      const ssize_t n = left > 0ms && readable(fd_, left) ? recv(fd_, block, sizeof block, 0) : 0;
      if (n <= 0) return std::nullopt;
      buffer_.append(block, static_cast<std::size_t>(n));
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
  return R"({"name":)" + json_string(name) + (more.empty() ? "" : ",") + std::string(more) + "}";
}

}  // namespace zinit::test
