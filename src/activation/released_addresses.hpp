// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses that zinit has released, or is about to, and that are still in use: the kernel keeps
// the address of a service's closed socket until all processes with the socket have ended, and a
// proxy closes its listeners on the data loop. A service or proxy that opens a socket at such an
// address waits, instead of failing.
//
// Any thread. Lock order: this lock, then the board's.
#pragma once

#include <string>
#include <vector>

#include "activation/listeners.hpp"
#include "activation/services.hpp"
#include "base/mutex.hpp"
#include "state/state_facts.hpp"

namespace zinit {

class ReleasedAddresses {
 public:
  /// Services and facts outlive this object.
  ReleasedAddresses(ServiceAccess& services, StateFacts& facts)
      : services_(services), facts_(facts) {}

  /// Takes over what the previous process image knew of closed sockets.
  void take_over(const FactMap& facts) EXCLUDES(mutex_);

  /// Call before these sockets of `service` are closed.
  void add(const std::string& service, const Listeners& sockets) EXCLUDES(mutex_);
  /// Sets the sockets of proxies that are about to close.
  void set_moving(HeldSockets sockets) EXCLUDES(mutex_);

  /// The closed sockets that processes of their services still have; with `and_moving` those of
  /// proxies too, at the same moment.
  [[nodiscard]] HeldSockets held(bool and_moving = false) const EXCLUDES(mutex_);
  /// Forgets the closed sockets that no process has any more.
  /// @return  whether there were any: their addresses have become free
  [[nodiscard]] bool forget_gone() EXCLUDES(mutex_);
  /// Whether there are closed sockets that were not forgotten.
  [[nodiscard]] bool any() const EXCLUDES(mutex_);

 private:
  struct Closed {
    std::string service;
    pid_t main;  // its process then, see ServiceAccess::process()
    HeldSocket socket;
  };
  void keep() REQUIRES(mutex_);
  [[nodiscard]] bool is_held(const Closed& one) const;

  ServiceAccess& services_;
  StateFacts& facts_;
  mutable Mutex mutex_;
  std::vector<Closed> closed_ GUARDED_BY(mutex_);
  HeldSockets moving_ GUARDED_BY(mutex_);
};

}  // namespace zinit
