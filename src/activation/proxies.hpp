// All proxies, on the data loop: which there are, whose connections the events are about, and which
// services have been without a connection for too long.
//
// src/init decides what proxies there are (init/proxy_changes.hpp), opens their listeners and tells
// it here.
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
  /// A proxy that is to be, or to be removed.
  struct Change {
    ProxyPtr spec;
    ProxyTable::Place place = 0;
    ProxyCounts* counts = nullptr;  // outlives this
    Listeners listeners;
    bool removed = false;
    std::vector<std::pair<std::uint32_t, Proxy::Left>> left{};  // after a re-execution, by number
  };
  /// `unused` are listeners that are not used any more; let go of them on a thread that may block.
  using Done = std::function<void(Listeners unused)>;

  /// `gone` is called on the loop's thread when a removed proxy has no connection any more. Loop
  /// and services outlive this.
  Proxies(EventLoop& loop, ServiceAccess& services, std::function<void(ProxyTable::Place)> gone);
  /// While no thread runs the loop. Ends all connections.
  ~Proxies();
  Proxies(const Proxies&) = delete;
  Proxies& operator=(const Proxies&) = delete;

  /// Makes the changes, one after the other, and calls `done`, both on the loop's thread. Any
  /// thread. Errors are those of EventLoop::post(): nothing is changed.
  [[nodiscard]] Result<void> apply(std::vector<Change> changes, Done done);

  /// Services may have become up or down. Any thread; cheap, and does nothing while no connection
  /// waits and no proxy has an idle_timeout.
  void look() noexcept;

 private:
  class Impl;
  EventLoop& loop_;
  std::unique_ptr<Impl> impl_;
};

/// Sorts what the previous process image has left of connections by the places of their proxies.
[[nodiscard]] std::map<ProxyTable::Place, std::vector<std::pair<std::uint32_t, Proxy::Left>>>
left_connections(Inheritance& inherited);

}  // namespace zinit
