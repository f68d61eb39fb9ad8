// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Connections of services with `accept`. A connection stays here from its acceptance until an
// instance of the service has it as standard input and output.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "model/graph.hpp"
#include "state/kept_descriptors.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

/// All functions: any thread.
class AcceptedConnections final : public WatchPort {
 public:
  /// Stores the connection for the instance `instance`, which is about to be added.
  void put(const std::string& instance, KeptFd connection) EXCLUDES(mutex_);
  /// Call when the instance has a slot: the next process image finds the connection by this slot.
  void keep(const std::string& instance, Slot slot) EXCLUDES(mutex_);
  /// Closes zinit's descriptor: the instance has the connection, or will never take it.
  void drop(const std::string& instance) EXCLUDES(mutex_);
  /// Takes over the connections of the previous process image.
  /// @return  connections without an instance yet, with the names of their services
  [[nodiscard]] std::vector<std::pair<std::string, KeptFd>> take_inherited(Inheritance& inherited,
                                                                           const Graph& graph)
      EXCLUDES(mutex_);

  // WatchPort: passes the connection to the instance.
  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override EXCLUDES(mutex_);

 private:
  struct Connection;
  Mutex mutex_;  // a leaf: no other lock is taken under it
  std::map<std::string, std::shared_ptr<Connection>, std::less<>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace zinit
