// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What starts a service apart from requests: the proxies in front of it, the sockets of its
// [socket], its [timer]. The model and the board know nothing of these.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/daemon.hpp"

namespace zinit {

/// All proxies, by the services that they start. Made once for each answer, for any number of
/// services. On the control loop's thread.
class Triggers {
 public:
  /// `daemon` must outlive this.
  explicit Triggers(const Daemon& daemon);

  /// The names of the proxies in front of the service.
  [[nodiscard]] std::vector<std::string> proxies_of(const std::string& service) const;
  /// The addresses of its [socket] that are open.
  [[nodiscard]] std::vector<std::string> sockets_of(const std::string& service) const;
  /// Why other addresses are not open; empty: all are.
  [[nodiscard]] std::string fault_of_sockets(const std::string& service) const;
  /// The addresses of both at which a connection starts the service while it is down.
  [[nodiscard]] std::vector<std::string> addresses_for(const ServiceSpec& spec) const;
  /// When its [timer] starts it next; nothing: never.
  [[nodiscard]] std::optional<std::int64_t> next_start_of(const ServiceSpec& spec) const;
  /// Adds reasons to the report of a service. Kind "socket": why one of its sockets is not open.
  /// Kind "trigger": why a trigger does not work; when its timer starts the service at rest; and if
  /// only its wish keeps the service down, which connections start it.
  void explain(WhyReport& report, const ServiceSpec& spec) const;

 private:
  [[nodiscard]] const std::vector<ProxyView>& before(const std::string& service) const;

  const Daemon& daemon_;
  std::map<std::string, std::vector<ProxyView>, std::less<>> proxies_;  // by service
};

}  // namespace zinit
