// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opens sockets and FIFOs at which zinit listens. See listeners.hpp.
#include "activation/listeners.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "os/tcp_ports.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

ListenerPtr with_address(const Listeners& listeners, const std::string& address) {
  const auto found =
      std::ranges::find(listeners, address, [](const ListenerPtr& one) { return one->address(); });
  return found == listeners.end() || !(*found)->reachable() ? nullptr : *found;
}

bool is_any(const SocketAddress& address) noexcept {
  return std::ranges::all_of(address.host(), [](char byte) { return byte == 0; });
}

/// Whether the address belongs to this machine: a socket that connects to such an address gets the
/// same address as its own. Connecting a UDP socket sends nothing.
bool is_own(const SocketAddress& to) noexcept {
  const UniqueFd probe(::socket(to.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return probe && ::connect(probe.get(), to.get(), to.size) == 0 &&
         own_address(probe.get()).host() == to.host();
}

/// Whether a socket keeps another one from being bound to an address. A unix socket does not,
/// because zinit removes its file.
bool is_in_the_way(const HeldSocket& held, const SocketAddress& of, ListenType type) {
  return of.storage.ss_family != AF_UNIX && place_key(held.address) == place_key(of) &&
         held.type == socket_type(type) &&
         (is_any(held.address) || is_any(of) || held.address.host() == of.host());
}

/// A listener about to close may have the port at another address: at 127.0.0.1, and the new one is
/// for all addresses. Sharing the port opens both, so the old one stays if the new one fails. Only
/// for such a listener: the kernel lets who shares join a port that was ever bound so.
Result<OpenSocket> open_beside(const SocketAddress& address, ListenOptions options,
                               const Listeners& spare) {
  options.reuse_port = true;
  for (const ListenerPtr& listener : spare) (void)share_port(listener->fd(), true);
  auto open = open_socket(address, ListenType::stream, options);
  for (const ListenerPtr& listener : spare) (void)share_port(listener->fd(), false);
  if (open) (void)share_port(open->fd.get(), false);
  return open;
}

Result<OpenSocket> open_one(const SocketAddress& address, ListenType type,
                            const ListenOptions& options, const Listeners& spare) {
  auto open = open_socket(address, type, options);
  const bool in_use = !open && open.error().errnum == EADDRINUSE && type == ListenType::stream &&
                      std::ranges::any_of(spare, [&](const ListenerPtr& one) {
                        return is_in_the_way(one->held_by({}), address, type);
                      });
  return in_use ? open_beside(address, options, spare) : std::move(open);
}

/// The error of a listener that could not be opened at `address`.
Failure with_holders(Error error, const SocketAddress& address, ListenType type,
                     const HeldSockets& held) {
  std::vector<std::string> names;
  for (const HeldSocket& one : held)
    if (is_in_the_way(one, address, type)) add_once(names, one.holder);
  if (error.errnum != EADDRINUSE) return Failure(std::move(error));
  if (names.empty()) {
    const bool listens = type == ListenType::stream && address.storage.ss_family != AF_UNIX;
    const std::string holder = listens ? holder_of_address(address.storage) : std::string();
    if (!holder.empty()) error.text += " by " + holder;
    return Failure(std::move(error));
  }
  return Failure(Error{fmt::format("{}; about to be released by {}", error.text, join(names, ", ")),
                       ECANCELED});
}

KeptNote with_file(KeptNote note, const SocketFile& file) noexcept {
  note.part = file.path().empty() ? 0 : 1;
  return note;
}

ListenerPtr listener_of(OpenSocket open, const KeptNote& note, std::string address) {
  KeptFd fd(std::move(open.fd), with_file(note, open.file));
  return std::make_shared<OpenListener>(std::move(fd), std::move(open.file), std::move(address));
}

}  // namespace

std::string place_key(const SocketAddress& address) {
  if (address.storage.ss_family == AF_UNIX) return fmt::format("unix:{}", address.path());
  return fmt::format("{}", address.port());
}

OpenListener::~OpenListener() {
  remove_file();
  close_shared(fd_.release());
}

bool OpenListener::takes(const SocketAddress& to) const {
  const auto family = own_.storage.ss_family;
  if (family == AF_UNIX || to.storage.ss_family == AF_UNIX)
    return family == to.storage.ss_family && own_.path() == to.path();
  if (own_.port() != to.port()) return false;
  return is_any(own_) ? is_own(to) : own_.host() == to.host();
}

bool OpenListener::reachable() const noexcept {
  pollfd state{fd_.get(), 0, 0};
  if (::poll(&state, 1, 0) > 0 && (state.revents & POLLHUP) != 0) return false;
  return file_.path().empty() || file_.is_there();
}

void OpenListener::keep(const KeptNote& note) noexcept {
  fd_ = KeptFd(fd_.release(), with_file(note, file_));
}

Result<void> open_listeners(const ListenAddress& at, const ListenOptions& options,
                            const KeptNote& note, const OtherListeners& others, Listeners& opened) {
  if (at.type == ListenType::fifo) {
    auto fifo = open_fifo(at.place.socket, options);
    if (!fifo) return Failure(std::move(fifo.error()));
    opened.push_back(listener_of(*std::move(fifo), note, at.place.socket));
    return {};
  }
  const auto addresses = addresses_of(at.place);
  if (!addresses) return Failure(addresses.error());
  const std::size_t before = opened.size();
  auto open = at_each(*addresses, [&](const SocketAddress& address) -> Result<void> {
    const std::string text = address_text(address);
    if (with_address(opened, text)) return {};  // two names of the same address
    if (ListenerPtr there = with_address(others.spare, text);
        there && suits_ipv6(there->fd(), options.only_ipv6)) {
      opened.push_back(std::move(there));
      return {};
    }
    auto one = open_one(address, at.type, options, others.spare);
    if (!one) return with_holders(std::move(one.error()), address, at.type, others.held);
    opened.push_back(listener_of(*std::move(one), note, text));
    return {};
  });
  if (!open) opened.resize(before);
  return open;
}

Result<Listeners> open_listeners(const ProxySpec& spec, ProxyTable::Place place,
                                 const OtherListeners& others) {
  Listeners opened;
  ListenOptions options;
  options.refuses_descriptors = true;  // a relay cannot pass them on
  for (std::size_t entry = 0; entry < spec.listen.size(); ++entry) {
    const auto at = parse_proxy_address(spec.listen[entry]);
    if (!at) return failure(fmt::format("{} {}", spec.listen[entry], at.error()));
    options.only_ipv6 = is_beside_ipv4(spec.listen, entry);
    if (auto open = open_listeners({ListenType::stream, *at}, options,
                                   {KeptKind::proxy_listener, 0, 0, place}, others, opened);
        !open)
      return Failure(open.error());
  }
  return opened;
}

ListenerPtr take_over_listener(KeptFd fd) {
  const SocketAddress address = own_address(fd.get());
  if (address.size == 0) return nullptr;
  const std::string text = address_text(address);
  SocketFile file;
  if (address.storage.ss_family == AF_UNIX)
    file = SocketFile(fd.get(), std::string(address.path()));
  return std::make_shared<OpenListener>(std::move(fd), std::move(file), text);
}

Result<void> check_backend(const ProxySpec& spec) {
  const auto backend = parse_proxy_address(spec.backend);
  if (!backend) return failure(fmt::format("{} {}", spec.backend, backend.error()));
  if (backend->socket.empty()) {
    const auto found = resolve_now(backend->host, backend->port);
    return found ? Result<void>() : Failure(found.error());
  }
  struct stat status {};
  if (::stat(backend->socket.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode))
    return failure(fmt::format("the backend {} is no socket", spec.backend));
  return {};
}

}  // namespace zinit
