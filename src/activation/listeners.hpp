// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sockets and FIFOs at which zinit listens, for proxies and for [socket] of services.
//
// A listener has several owners: who accepts from it, and changes that open listeners and pass on
// old ones (activation/proxy_changes.hpp, activation/service_sockets.hpp), and the launch of a
// process that gets it. The last owner to release a listener removes its file, so a loop must not
// be the last owner, except of one whose file is removed already.
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

/// A socket whose address is about to be released.
struct HeldSocket {
  std::string holder;  // for messages: "processes of NAME", "proxy NAME"
  SocketAddress address;
  int type;  // see type_of()
};
using HeldSockets = std::vector<HeldSocket>;

class OpenListener {
 public:
  OpenListener(KeptFd fd, SocketFile file, std::string address)
      : fd_(std::move(fd)),
        file_(std::move(file)),
        address_(std::move(address)),
        own_(own_address(fd_.get())) {}
  /// Removes the file, then closes the socket, by close_shared(). May block on a file system.
  ~OpenListener();
  /// Removes the file: clients cannot connect by the path any more. May block on a file system.
  void remove_file() noexcept { file_.remove(); }
  OpenListener& operator=(OpenListener&&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const SocketFile& file() const noexcept { return file_; }
  /// The address in numbers, as from address_text().
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] HeldSocket held_by(std::string holder) const {
    return {std::move(holder), own_, type_of(fd())};
  }
  /// See place_key().
  [[nodiscard]] std::string key() const { return place_key(own_); }
  /// Whether a connection to `to` arrives at this socket.
  [[nodiscard]] bool takes(const SocketAddress& to) const;
  /// Whether clients can still connect: the file may have been removed, or a process that has the
  /// socket may have shut it down for all. (shutdown(2))
  [[nodiscard]] bool reachable() const noexcept;
  /// From now on the next process image finds it under `note`, whose `part` is set here.
  void keep(const KeptNote& note) noexcept;

 private:
  KeptFd fd_;
  SocketFile file_;
  const std::string address_;
  const SocketAddress own_;
};

using ListenerPtr = std::shared_ptr<OpenListener>;
using Listeners = std::vector<ListenerPtr>;

/// What may have the address of a new listener.
struct OtherListeners {
  Listeners spare{};   // open, and perhaps about to close
  HeldSockets held{};  // from before the new one is opened
};

/// Opens all addresses of `at`, or none. For a name: each of its addresses, except those of a
/// protocol that this machine lacks. Reuses a listener of `others.spare` that has the same address;
/// ports of these are not in the way. Blocks (activation/listening.hpp).
/// @param note    finds them in the next process image; see OpenListener::keep()
/// @param opened  gets them at its end; addresses that it has already are left out
/// @return  if one of `others.held` has the address: a temporary error (ECANCELED) that names its
///          holder
[[nodiscard]] Result<void> open_listeners(const ListenAddress& at, const ListenOptions& options,
                                          const KeptNote& note, const OtherListeners& others,
                                          Listeners& opened);

/// Opens every address of the proxy, or none.
[[nodiscard]] Result<Listeners> open_listeners(const ProxySpec& spec, ProxyTable::Place place,
                                               const OtherListeners& others);

/// Takes over a listener of the previous process image.
[[nodiscard]] ListenerPtr take_over_listener(KeptFd fd);

/// Reports why connections to the backend could never succeed, as far as this is known now: the
/// name does not resolve, or the path is no socket. A missing path is no error. Blocks.
[[nodiscard]] Result<void> check_backend(const ProxySpec& spec);

}  // namespace zinit
