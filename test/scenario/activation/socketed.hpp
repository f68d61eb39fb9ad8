// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Service files with a [socket].

#include <string>

#include "scenario/harness/proxies.hpp"

namespace zinit::test {

/// `exec` is a value of TOML; `more`, `service` hold lines of [socket] and [service], `sections`
/// whole sections.
inline std::string with_sockets(const std::string& exec, const Texts& listen,
                                const std::string& more = "", const std::string& service = "",
                                const std::string& sections = "") {
  std::string text = "[service]\nexec = " + exec + "\n" + service + "\n[socket]\nlisten = [";
  for (const std::string& address : listen) text += toml_string(address) + ", ";
  return text + "]\n" + more + "\n" + sections + "\n";
}

/// A peer with these words that gets its sockets passed, and traces "started".
inline std::string socketed(const Texts& words, const Texts& listen, const std::string& more = "",
                            const std::string& service = "", const std::string& policy = "") {
  Texts all{"trace", "started", "passed"};
  all.insert(all.end(), words.begin(), words.end());
  return with_sockets("[" + peer(all) + "]", listen, more, service,
                      "[lifecycle]\nrestart_delay_ms = 10\n" + policy);
}

/// A peer with these words as an instance for each connection.
inline std::string accepting(const Texts& words, const std::string& listen,
                             const std::string& more = "", const std::string& service = "",
                             const std::string& sections = "") {
  Texts all{"inetd"};
  all.insert(all.end(), words.begin(), words.end());
  return with_sockets("[" + peer(all) + "]", {listen}, "accept = true\n" + more, service, sections);
}

inline bool is_gone(const std::string& address) {
  return eventually([&] { return !Client::possible(address); });
}
inline bool is_there(const std::string& address) {
  return eventually([&] { return Client::possible(address); });
}

}  // namespace zinit::test
