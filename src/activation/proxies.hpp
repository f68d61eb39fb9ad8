// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// All proxies, on the data loop: owns them, passes events to their connections, and stops services
// that had no connection for too long.
//
// activation/proxy_changes.hpp decides on the control loop which proxies exist, opens their
// listeners and passes the changes to this class.
//
// Over a re-execution both sockets of a relayed connection are kept, and its pipes while they hold
// bytes; the kernel says how many. The notes name proxy and connection. So the next process image
// puts the parts together (left_connections()) and continues where the last one stopped. It goes on
// holding a connection that waits. Listening sockets are never closed, so a client that connects
// meanwhile waits.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "activation/proxy.hpp"

namespace zinit {

class Proxies {
 public:
  /// A proxy to add, change or remove.
  struct Change {
    ProxyPtr spec;
    ProxyTable::Place place = 0;
    ProxyCounts* counts = nullptr;  // outlives the Proxies
    Listeners listeners;
    bool removed = false;
    std::vector<std::pair<std::uint32_t, Proxy::Left>> left{};  // after a re-execution, by number
  };
  /// `unused`: listeners that no proxy uses any more. Release them on a thread that may block.
  using Done = std::function<void(Listeners unused)>;

  /// `gone` is called on the loop's thread when a removed proxy has no connection left. Loop and
  /// services outlive this object.
  Proxies(EventLoop& loop, ServiceAccess& services, std::function<void(ProxyTable::Place)> gone);
  /// Only while no thread runs the loop. Ends all connections.
  ~Proxies();
  Proxies& operator=(Proxies&&) = delete;

  /// Makes the changes in order and then calls `done`, both on the loop's thread. Any thread. Never
  /// refused, unlike EventLoop::post(), because nobody else would serve or close the listeners.
  void apply(std::vector<Change> changes, Done done);

  /// Call when services may have become up or down. Any thread. Cheap: does nothing while no
  /// connection waits and no proxy has an idle_timeout.
  void look() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Groups the connections that the previous process image left by the places of their proxies.
[[nodiscard]] std::map<ProxyTable::Place, std::vector<std::pair<std::uint32_t, Proxy::Left>>>
left_connections(Inheritance& inherited);

}  // namespace zinit
