// The sockets that proxies listen on.
//
// A listener is shared by whoever has a use for it: the proxy that accepts from it, on the data
// loop, and src/init, which opens listeners and gives those of the old setting to the new one. The
// last to let go of it removes its file, so that must not be a loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "activation/listening.hpp"
#include "activation/proxy_table.hpp"
#include "model/proxy_spec.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

/// What the addresses have in common that a connection to the one may come to a socket at the other
/// by: the port, whatever the host, or the path.
[[nodiscard]] std::string place_key(const SocketAddress& address);

/// A socket that a proxy listens on.
class ProxyListener {
 public:
  ProxyListener(KeptFd fd, SocketFile file, std::string address)
      : fd_(std::move(fd)),
        file_(std::move(file)),
        address_(std::move(address)),
        own_(own_address(fd_.get())) {}
  /// Closes it, and removes its file before. May block on a file system.
  ~ProxyListener() { remove_file(); }
  /// Clients that come by its path do not reach it any more. May block on a file system.
  void remove_file() noexcept { file_.remove(); }
  ProxyListener(const ProxyListener&) = delete;
  ProxyListener& operator=(const ProxyListener&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Its address with numbers, as address_text() gives it.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  /// See place_key().
  [[nodiscard]] std::string key() const { return place_key(own_); }
  /// Whether a connection to that address comes to this socket.
  [[nodiscard]] bool takes(const SocketAddress& to) const;
  /// Whether clients still reach it: its file may have been removed.
  [[nodiscard]] bool reachable() const noexcept { return file_.path().empty() || file_.is_there(); }

 private:
  KeptFd fd_;
  SocketFile file_;
  const std::string address_;
  const SocketAddress own_;
};

using ListenerPtr = std::shared_ptr<ProxyListener>;
using Listeners = std::vector<ListenerPtr>;

/// Opens all that the proxy listens on, or nothing: at each address of a name, but for those of a
/// protocol that this machine does not have. What is open in `spare` at one of the addresses is
/// used as it is. Blocks (activation/listening.hpp).
[[nodiscard]] Result<Listeners> open_listeners(const ProxySpec& spec, ProxyTable::Place place,
                                               const Listeners& spare);

/// A listener of the previous process image.
[[nodiscard]] ListenerPtr take_over_listener(KeptFd fd);

/// Why connections to the backend could never succeed, as far as that can be known now: its name
/// does not resolve, or its path is no socket. A path that is not there may still come. Blocks.
[[nodiscard]] Result<void> check_backend(const ProxySpec& spec);

}  // namespace zinit
