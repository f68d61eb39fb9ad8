// A server that does what a test says: it listens on a socket in a directory of its own, and a
// script speaks with each client that connects.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"

namespace zinit::test {

/// What clients have asked so far.
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

/// The server's end of one connection. Reads give up after 10 s: a test fails then, it does not
/// hang.
class Peer {
 public:
  /// `again`: it is not the first. Such a client asks how often the server has crashed; it is told
  /// another number each time, and nobody else hears of it.
  Peer(UniqueFd fd, Requests& requests, int again)
      : fd_(std::move(fd)), requests_(requests), again_(again) {}

  /// The next line without its end, noted among the requests; empty at the end of the stream.
  std::string read_line();
  /// Sends the bytes as they are. Blocks while the client reads nothing.
  void send(const std::string& bytes);
  /// Reads a request and sends {"jsonrpc":"2.0","id":ITS ID,MEMBERS}.
  void answer(const std::string& members);
  /// answer() with "result":RESULT.
  void result(const std::string& result) { answer("\"result\":" + result); }
  /// Waits until the client has closed its end.
  void wait_for_close();
  void close() { fd_.reset(); }
  /// The same for good: when the script returns, nobody listens any more.
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

class FakeServer {
 public:
  using Script = std::function<void(Peer&)>;

  /// Listens; each connection is served by `script`, one after another, on a thread.
  explicit FakeServer(Script script, int backlog = 16);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What was asked, in order: a request is there before its answer is sent.
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
