// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The common part of AsyncClient's tests: an event loop, and a record of callbacks.
#pragma once

#include "support/test.hpp"
#include "unit/client/fake_server.hpp"
#include "zinit/async_client.hpp"

namespace zinit::test {

/// One turn of an event loop; a callback may destroy the client.
inline void turn(std::unique_ptr<AsyncClient>& client) {
  const int due = client->timeout_ms();
  pollfd waited{client->fd(), static_cast<short>(client->wants_write() ? POLLIN | POLLOUT : POLLIN),
                0};
  ::poll(&waited, 1, due < 0 ? 10 : std::min(due, 10));
  if ((waited.revents & POLLOUT) != 0) client->on_writable();
  if ((waited.revents & ~POLLOUT) != 0) client->on_readable();
  if (client) client->on_timeout();
}

/// Runs the event loop until `done()`, or until the client is destroyed.
template <class Condition>
bool run_until(std::unique_ptr<AsyncClient>& client, Condition done) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (!client || std::chrono::steady_clock::now() >= end) return false;
    turn(client);
  }
  return true;
}

inline std::unique_ptr<AsyncClient> connect(const FakeServer& server) {
  return std::make_unique<AsyncClient>(server.path());
}

/// The calls of callbacks, in order: "NAME ok", or "NAME CODE".
class Story {
 public:
  template <class T>
  AsyncClient::Callback<T> entry(std::string name) {
    return [this, name = std::move(name)](const Answer<T>& answer) {
      add(name + " " + (answer ? "ok" : std::to_string(answer.error().code())));
    };
  }
  auto call(std::string name) { return entry<std::string>(std::move(name)); }
  auto closed() {
    return [this](const ClientError& why) { add("closed " + std::to_string(why.code())); };
  }
  void add(std::string what) { told.push_back(std::move(what)); }

  Texts told;
};

inline const auto kAnything = any_request("any.method");

}  // namespace zinit::test
