// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server under a test's control: see fake_server.hpp.
#include "unit/client/fake_server.hpp"
#include "support/test.hpp"

namespace zinit::test {

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string(what) + ": " + errno_text(errno));
}

}  // namespace

std::string Peer::read_line() {
  while (true) {
    if (const auto end = received_.find('\n'); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      if (again_ > 0 && line.find("system.info") != std::string::npos) {
        send(R"({"jsonrpc":"2.0","id":)" + id_of(line) + R"(,"result":{"crashes":{"count":)" +
             std::to_string(again_) + "}}}\n");
        continue;
      }
      requests_.add(line);
      return line;
    }
    pollfd waited{fd_.get(), POLLIN, 0};
    if (::poll(&waited, 1, static_cast<int>(test::kPatience.count())) <= 0) return {};
    char buffer[65536];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return {};
    received_.append(buffer, static_cast<std::size_t>(got));
  }
}

void Peer::send(const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t sent = ::send(fd_.get(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (sent < 0) return;  // the client is gone, which some tests intend
    done += static_cast<std::size_t>(sent);
  }
}

std::string id_of(const std::string& request) {
  const auto at = request.find("\"id\":") + 5;
  return request.substr(at, request.find_first_of(",}", at) - at);
}

void Peer::answer(const std::string& members) {
  const std::string request = read_line();
  send(R"({"jsonrpc":"2.0","id":)" + id_of(request) + "," + members + "}\n");
}

void Peer::wait_for_close() {
  while (!read_line().empty()) {}
}

FakeServer::FakeServer(Script script, int backlog) {
  char name[] = "/tmp/zinit-client-test-XXXXXX";
  require(::mkdtemp(name) != nullptr, "mkdtemp");
  directory_ = name;
  path_ = directory_ + "/socket";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  require(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
          "bind");
  require(::listen(listener_.get(), backlog) == 0, "listen");
  auto pipe = make_pipe();
  require(pipe.has_value(), "pipe");
  stop_read_ = std::move(pipe->read);
  stop_write_ = std::move(pipe->write);
  thread_ = std::thread([this, script = std::move(script)] { serve(script); });
}

FakeServer::~FakeServer() {
  stop_write_.reset();
  thread_.join();
  ::unlink(path_.c_str());
  ::rmdir(directory_.c_str());
}

void FakeServer::serve(const Script& script) {
  for (int again = 0;; ++again) {
    pollfd waited[] = {{stop_read_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    // Without a script no client is accepted.
    if (::poll(waited, script ? 2 : 1, -1) < 0) continue;
    if (waited[0].revents != 0) return;
    Peer peer(UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), requests_,
              again);
    script(peer);
    if (peer.ends_server()) return listener_.reset();
  }
}

}  // namespace zinit::test
