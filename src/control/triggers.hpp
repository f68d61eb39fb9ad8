// What starts a service, other than requests: the proxies in front of it, the sockets of its
// [socket], its [timer]. The model and the board know nothing of these.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/daemon.hpp"

namespace zinit {

/// The proxies that there are, by the services that they start. Made once for an answer, however
/// many services that is about. On the control loop's thread.
class Triggers {
 public:
  /// `daemon` must outlive it.
  explicit Triggers(const Daemon& daemon);

  /// The names of the proxies whose connections are for the service.
  [[nodiscard]] std::vector<std::string> proxies_of(const std::string& service) const;
  /// The addresses of its [socket] that are open.
  [[nodiscard]] std::vector<std::string> sockets_of(const std::string& service) const;
  /// Why others are not; empty: all are.
  [[nodiscard]] std::string fault_of_sockets(const std::string& service) const;
  /// The addresses, of both, at which a connection starts the service while it is down.
  [[nodiscard]] std::vector<std::string> addresses_for(const ServiceSpec& spec) const;
  /// When its [timer] starts it next; nothing: never.
  [[nodiscard]] std::optional<std::int64_t> next_start_of(const ServiceSpec& spec) const;
  /// Adds to the report of a service why one of its sockets is not open, as a reason of kind
  /// "socket"; and of one that nobody wants to run, and that nothing is wrong with, what would
  /// start it, as reasons of kind "trigger".
  void explain(WhyReport& report, const ServiceSpec& spec) const;

 private:
  [[nodiscard]] const std::vector<ProxyView>& before(const std::string& service) const;

  const Daemon& daemon_;
  std::map<std::string, std::vector<ProxyView>, std::less<>> proxies_;  // by service
};

}  // namespace zinit
