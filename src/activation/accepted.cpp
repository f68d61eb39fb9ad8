// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Passes accepted connections to instances. See accepted.hpp.
#include "activation/accepted.hpp"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "io/resolver.hpp"
#include "state/disposal.hpp"
#include "supervisor/spawn_extras.hpp"

namespace zinit {

/// Keeps the connection open until the instance's process has it too.
struct AcceptedConnections::Connection : SpawnPart {
  explicit Connection(KeptFd accepted) : fd(std::move(accepted)) {}
  ~Connection() override {
    UniqueFd own = fd.release();
    // The process may use the connection: close only zinit's descriptor, and do not shut it down.
    if (!passed)
      close_socket(std::move(own));
    else
      close_shared(std::move(own));
  }
  KeptFd fd;
  bool passed = false;  // a process has it, or may have it
};

void AcceptedConnections::put(const std::string& instance, KeptFd connection) {
  MutexLock lock(mutex_);
  waiting_[instance] = std::make_shared<Connection>(std::move(connection));
}

void AcceptedConnections::keep(const std::string& instance, Slot slot) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find(instance);
  if (found == waiting_.end()) return;
  KeptFd& fd = found->second->fd;
  fd = KeptFd(fd.release(), {KeptKind::accepted, 0, slot});
}

void AcceptedConnections::drop(const std::string& instance) {
  std::shared_ptr<Connection> last;
  MutexLock lock(mutex_);
  const auto found = waiting_.find(instance);
  if (found == waiting_.end()) return;
  last = std::move(found->second);
  waiting_.erase(found);
}

std::vector<std::pair<std::string, KeptFd>> AcceptedConnections::take_inherited(
    Inheritance& inherited, const Graph& graph) {
  std::vector<std::pair<std::string, KeptFd>> left;
  MutexLock lock(mutex_);
  for (Inheritance::One& one : inherited.take_all(KeptKind::accepted)) {
    if (!graph.used(one.note.slot)) {
      close_socket(one.fd.release());
      continue;
    }
    const ServiceSpec& spec = graph.spec(one.note.slot);
    if (spec.connection_of->empty()) {
      left.emplace_back(spec.name, std::move(one.fd));
      continue;
    }
    auto connection = std::make_shared<Connection>(std::move(one.fd));
    connection->passed = true;
    waiting_[spec.name] = std::move(connection);
  }
  return left;
}

Result<void> AcceptedConnections::prepare(Slot /*slot*/, const ServiceSpec& spec,
                                          SpawnExtras& extras) {
  if (spec.connection_of->empty()) return {};
  MutexLock lock(mutex_);
  const auto found = waiting_.find(spec.name);
  if (found == waiting_.end()) return failure("its connection has been closed");
  const int fd = found->second->fd.get();
  extras.stream = fd;
  found->second->passed = true;
  extras.parts.push_back(found->second);
  const SocketAddress peer = peer_address(fd);
  if (peer.size == 0 || peer.storage.ss_family == AF_UNIX) return {};
  extras.environment.push_back("REMOTE_ADDR=" + host_text(peer));
  extras.environment.push_back("REMOTE_PORT=" + std::to_string(peer.port()));
  return {};
}

}  // namespace zinit
