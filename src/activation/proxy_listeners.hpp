// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sockets that proxies listen on.
//
// A listener has several owners: the proxy that accepts from it, on the data loop, and
// activation/proxy_changes.hpp, which opens listeners and passes on old listeners when a setting
// changes. The last owner to release a listener removes its file, so a loop must not be the last
// owner.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "activation/listening.hpp"
#include "activation/proxy_table.hpp"
#include "model/proxy_spec.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// Two addresses have the same key if a connection to one may arrive at a socket bound to the
/// other: the port (for any host), or the path.
[[nodiscard]] std::string place_key(const SocketAddress& address);

/// A socket that a proxy listens on.
class ProxyListener {
 public:
  ProxyListener(KeptFd fd, SocketFile file, std::string address)
      : fd_(std::move(fd)),
        file_(std::move(file)),
        address_(std::move(address)),
        own_(own_address(fd_.get())) {}
  /// Removes the file, then closes the socket. May block on a file system.
  ~ProxyListener() { remove_file(); }
  /// Removes the file: clients cannot connect by the path any more. May block on a file system.
  void remove_file() noexcept { file_.remove(); }
  ProxyListener(const ProxyListener&) = delete;
  ProxyListener& operator=(const ProxyListener&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// The address in numbers, as from address_text().
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// See place_key().
  [[nodiscard]] std::string key() const { return place_key(own_); }
  /// Whether a connection to `to` arrives at this socket.
  [[nodiscard]] bool takes(const SocketAddress& to) const;
  /// Whether clients can still connect: the socket file may have been removed.
  [[nodiscard]] bool reachable() const noexcept { return file_.path().empty() || file_.is_there(); }

 private:
  KeptFd fd_;
  SocketFile file_;
  const std::string address_;
  const SocketAddress own_;
};

using ListenerPtr = std::shared_ptr<ProxyListener>;
using Listeners = std::vector<ListenerPtr>;

/// Opens every address of the proxy, or none. For a name: each of its addresses, except those of a
/// protocol that this machine lacks. Reuses a listener of `spare` that has the same address. Blocks
/// (activation/listening.hpp).
[[nodiscard]] Result<Listeners> open_listeners(const ProxySpec& spec, ProxyTable::Place place,
                                               const Listeners& spare);

/// Takes over a listener of the previous process image.
[[nodiscard]] ListenerPtr take_over_listener(KeptFd fd);

/// Reports why connections to the backend could never succeed, as far as this is known now: the
/// name does not resolve, or the path is no socket. A missing path is no error. Blocks.
[[nodiscard]] Result<void> check_backend(const ProxySpec& spec);

}  // namespace zinit
