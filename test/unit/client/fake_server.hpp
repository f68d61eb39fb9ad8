// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server under a test's control: it listens on a socket in its own directory, and a script talks
// to each client that connects.
#pragma once

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "support/test.hpp"
#include "zinit/client.hpp"

namespace zinit::test {

/// The requests of clients so far.
class Requests {
 public:
  void add(const std::string& request) {
    MutexLock lock(mutex_);
    requests_.push_back(request);
  }
  [[nodiscard]] std::vector<std::string> all() {
    MutexLock lock(mutex_);
    return requests_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> requests_ GUARDED_BY(mutex_);
};

/// The server's end of one connection. Reads give up after 10 s, so that a test fails in place of
/// hanging.
class Peer {
 public:
  /// `again`: not the first connection. Such a client asks how often the server has crashed. It
  /// gets a new number each time, and the request is not recorded.
  Peer(UniqueFd fd, Requests& requests, int again)
      : fd_(std::move(fd)), requests_(requests), again_(again) {}

  /// The next line without its end, recorded as a request; empty at the end of the stream.
  std::string read_line();
  /// Sends the bytes unchanged. Blocks while the client does not read.
  void send(const std::string& bytes);
  /// Reads a request and sends {"jsonrpc":"2.0","id":ITS ID,MEMBERS}.
  void answer(const std::string& members);
  /// answer() with "result":RESULT.
  void result(const std::string& result) { answer("\"result\":" + result); }
  /// Waits until the client has closed its end.
  void wait_for_close();
  void close() { fd_.reset(); }
  /// Closes for good: when the script returns, the server no longer listens.
  void end_server() {
    close();
    ends_server_ = true;
  }
  [[nodiscard]] bool ends_server() const noexcept { return ends_server_; }

 private:
  UniqueFd fd_;
  Requests& requests_;
  const int again_;
  std::string received_;
  bool ends_server_ = false;
};

/// The id in the text of a request, as text.
std::string id_of(const std::string& request);

/// Lines of a server: an answer, a notification of a subscription, and of a service that runs now.
inline std::string answer_to(const std::string& request, const std::string& result) {
  return R"({"jsonrpc":"2.0","id":)" + id_of(request) + R"(,"result":)" + result + "}\n";
}

inline std::string event(int subscription, const std::string& rest) {
  return R"({"jsonrpc":"2.0","method":"events.state","params":{"subscription":)" +
         std::to_string(subscription) + "," + rest + "}}\n";
}

inline std::string change(int subscription, const std::string& service) {
  return event(subscription, R"("service":")" + service + R"(","from":"starting","to":"running")");
}

/// The code of the ClientError that `call` throws; 0 if it throws none.
template <class Call>
int error_code(Call call) {
  try {
    call();
  } catch (const ClientError& error) {
    return error.code();
  }
  return 0;
}

class FakeServer {
 public:
  using Script = std::function<void(Peer&)>;

  /// Listens; a thread runs `script` for each connection, one after the other.
  explicit FakeServer(Script script, int backlog = 16);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// The requests, in order. Each is recorded before its answer is sent.
  [[nodiscard]] std::vector<std::string> requests() { return requests_.all(); }

 private:
  void serve(const Script& script);

  Requests requests_;
  std::string directory_;
  std::string path_;
  UniqueFd listener_;
  UniqueFd stop_read_;
  UniqueFd stop_write_;
  std::thread thread_;
};

}  // namespace zinit::test
