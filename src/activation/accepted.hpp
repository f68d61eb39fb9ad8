// Connections of services with `accept`, each from its acceptance until an instance of the service
// has it as its standard input and output.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "model/graph.hpp"
#include "os/kept_descriptors.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

/// Any thread.
class AcceptedConnections final : public WatchPort {
 public:
  /// For the instance of that name, which is about to be added.
  void put(const std::string& instance, KeptFd connection) EXCLUDES(mutex_);
  /// The instance has a slot now: the next image finds the connection by it.
  void keep(const std::string& instance, Slot slot) EXCLUDES(mutex_);
  /// The instance has the connection, or will not have it any more: closes zinit's descriptor.
  void drop(const std::string& instance) EXCLUDES(mutex_);
  /// Goes on with the connections of the previous process image.
  /// @return  those that have no instance yet, with the names of their services
  [[nodiscard]] std::vector<std::pair<std::string, KeptFd>> take_inherited(Inheritance& inherited,
                                                                           const Graph& graph)
      EXCLUDES(mutex_);

  // WatchPort: passes the connection to the instance.
  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override EXCLUDES(mutex_);
  void watch(const CheckedProcessPtr& /*process*/) override {}
  void changed() noexcept override {}

 private:
  struct Connection;
  Mutex mutex_;  // a leaf
  std::map<std::string, std::shared_ptr<Connection>, std::less<>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace zinit
