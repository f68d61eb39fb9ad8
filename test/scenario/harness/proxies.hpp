// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// The common part of the tests of proxies.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "scenario/harness.hpp"
#include "scenario/harness/peer.hpp"

namespace zinit::test {

/// The file of a proxy; `more` holds lines of its section.
inline std::string proxy_text(const std::string& listen, const std::string& backend,
                              const std::string& service, const std::string& more = "") {
  return "[proxy]\nlisten = ['" + listen + "']\nbackend = '" + backend + "'\nservice = '" +
         service + "'\n" + more + "\n";
}

/// Parameters of xinet.set; `more` holds further members. Does not write to a file.
inline std::string proxy_params(const std::string& name, const std::string& listen,
                                const std::string& backend, const std::string& service,
                                const std::string& more = R"("persist":false)") {
  return R"({"name":")" + name + R"(","listen":[")" + listen + R"("],"backend":")" + backend +
         R"(","service":")" + service + "\"" + (more.empty() ? "" : ",") + more + "}";
}

inline Json proxy_status(Server& zinit, const std::string& name) {
  return zinit.result("xinet.status", named(name));
}

/// Waits until a number in the proxy's status has this value.
inline void await_count(Server& zinit, const std::string& proxy, const std::string& member,
                        std::int64_t wanted) {
  Json last;
  if (eventually([&] { return (last = proxy_status(zinit, proxy))[member] == wanted; })) return;
  FAIL(member << " of " << proxy << " never came to be " << wanted << ": " << last);
}

/// The times at which zinit has started the service, from its last events.
inline std::vector<std::chrono::microseconds> start_times(Server& zinit, const std::string& name) {
  const std::string params = R"({"lines":1000,"names":[")" + name + R"("]})";
  std::vector<std::chrono::microseconds> times;
  for (const Json& event : zinit.result("events.get", params).elements())
    if (event["to"] == "starting") times.emplace_back(event["time_us"].number());
  return times;
}

/// Checks that this service answers there with its pid.
inline void check_answers(Server& zinit, const std::string& address, const std::string& service) {
  const std::string answer = Client(address).read_all();  // this may start the service
  CHECK(answer == std::to_string(zinit.pid_of(service)));
}

/// A service `s` that listens at its own address with these words, and a proxy `p` in front of it.
class Proxied {
 public:
  /// `words` are peer()'s words for a connection; `more` holds lines of [proxy].
  explicit Proxied(Server& zinit, Texts words, const std::string& more = "",
                   const Texts& first = {}, const std::string& sections = "")
      : front(free_address()), back(free_address()) {
    words.insert(words.begin(), {"trace", "start s", "at", back});
    words.insert(words.begin(), first.begin(), first.end());
    zinit.file("s.toml", peers(words, sections));
    zinit.file("p.toml", proxy_text(front, back, "s", more));
  }

  const std::string front;  ///< the proxy's address
  const std::string back;   ///< the service's address
};

/// Boots, and waits until all sockets in its files are open that no start has to open.
inline void boot_open(Server& zinit, const Texts& running = {}) {
  zinit.boot(running);
  for (const std::string& file : entries_of(zinit.config())) {
    const std::string text = read_file(zinit.config(file));
    const std::string stem = file.substr(0, file.find('.'));
    Json last;
    const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
    if (has("accept = true") && has("'ignore'")) continue;
    if (has("[socket]")) {
      const bool open =
          eventually([&] { return (last = zinit.status(stem))["sockets"].size() > 0; });
      if (!open) FAIL("no socket is open: " << last);
    } else if (has("[proxy]")) {
      const bool open = eventually([&] {
        const auto all = (last = zinit.result("xinet.list")).texts();
        return std::find(all.begin(), all.end(), stem) != all.end();
      });
      if (!open) FAIL("proxy " << stem << " is missing: " << last);
    }
  }
}

/// Threads that end when the test does, however it ends.
class Clients {
 public:
  ~Clients() { end(); }
  void add(const std::function<void()>& client) { threads_.emplace_back(client); }
  [[nodiscard]] bool enough() const { return enough_; }
  void end() {
    enough_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  std::atomic<bool> enough_ = false;
  std::vector<std::thread> threads_;
};

/// The number of zinit's descriptors.
inline std::size_t descriptors(const Server& zinit) { return count_in_proc(zinit.pid(), "fd"); }

}  // namespace zinit::test
