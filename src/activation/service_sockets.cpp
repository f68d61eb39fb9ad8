// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opens, passes and watches the sockets of services. See service_sockets.hpp.
#include "activation/service_sockets.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "os/limits.hpp"
#include "os/users.hpp"
#include "supervisor/spawn_extras.hpp"

namespace zinit {

namespace {

EpollSet::Key key_of(Slot slot, std::size_t index) { return EpollSet::Key{slot} << 16 | index; }

void set_blocking(int fd, bool blocking) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

Result<ListenOptions> options_of(const SocketSpec& spec) {
  ListenOptions options;
  options.mode = spec.mode;
  options.backlog = static_cast<int>(spec.backlog);
  options.reuse_port = spec.reuse_port;
  options.keepalive = spec.keepalive;
  options.freebind = spec.freebind;
  if (spec.user.empty() && spec.group.empty()) return options;
  const auto owner = look_up(spec.user, spec.group);
  if (!owner) return Failure(owner.error());
  options.owner = owner->ids.uid;
  // The file's group stays zinit's own unless `group` is set.
  if (!spec.group.empty()) options.group = owner->ids.gid;
  return options;
}

/// Each instance takes pipes and a pidfd besides its connection. Leave descriptors for others.
std::size_t most_instances() noexcept { return part_of_descriptors(8); }

KeptNote note_of(Slot slot, std::size_t entry) {
  return {KeptKind::service_socket, 0, slot, static_cast<std::uint16_t>(entry)};
}

/// The [socket] of the service `name` if the service has this slot in the graph, else null.
const SocketSpec* wanted_of(const Graph& graph, Slot slot, const std::string& name) {
  if (!graph.used(slot) || graph.node(slot).removed) return nullptr;
  const ServiceSpec& spec = graph.spec(slot);
  return spec.name == name && spec.socket->configured() ? &*spec.socket : nullptr;
}

}  // namespace

struct ServiceSockets::Socket {
  std::size_t entry;  // index in `listen`
  ListenerPtr listener;
  bool parted = false;  // another address of the same name is not open
};

struct ServiceSockets::Service {
  explicit Service(const ServiceSpec& of)
      : name(of.name), spec(*of.socket), ignored(of.status == StartStatus::ignore) {}

  std::string name;
  SocketSpec spec;
  std::vector<Socket> sockets{};
  bool complete = false;       // all of `listen` is open
  bool stopped = false;        // all is closed, or about to be, until the service starts
  bool ignored;                // status is "ignore": nothing starts it
  bool watched = false;        // the sockets are in the set
  bool was_wanted = false;     // its wish has been up
  bool launch_failed = false;  // perhaps because sockets could not be opened: retry() knows
  TimePoint again_at{};        // do not watch before then
  StartDelay delay{};          // gives again_at after each start

  /// On a thread that may block.
  static void close(std::vector<Socket>&& sockets) {
    for (const Socket& socket : sockets) socket.listener->remove_file();
  }
  void close() { close(std::exchange(sockets, {})); }
};

/// Keeps sockets open until the process has them.
struct ServiceSockets::Held : SpawnPart {
  Listeners sockets;
};

/// The right to open and close the sockets of one service. A second thread waits for its turn.
class ServiceSockets::Turn {
 public:
  Turn(ServiceSockets& of, Slot slot) : of_(of), slot_(slot) {
    MutexLock lock(of_.mutex_);
    while (!of_.turns_.insert(slot_).second) of_.turn_over_.wait(of_.mutex_);
  }
  ~Turn() {
    MutexLock lock(of_.mutex_);
    of_.turns_.erase(slot_);
    of_.turn_over_.notify_all();
  }
  Turn& operator=(Turn&&) = delete;

 private:
  ServiceSockets& of_;
  const Slot slot_;
};

ServiceSockets::ServiceSockets(EventLoop& loop, ServiceAccess& services,
                               ReleasedAddresses& released, Calls calls)
    : services_(services),
      released_(released),
      calls_(std::move(calls)),
      set_(loop, [this](EpollSet::Key key, std::uint32_t events) { on_ready(key, events); }),
      most_instances_(most_instances()),
      look_(loop, [this] { look_now(); }),
      again_(loop, [this] { look_now(); }) {}

ServiceSockets::~ServiceSockets() { end(); }

void ServiceSockets::end() {
  MutexLock lock(mutex_);
  for (auto& [slot, service] : open_) service->close();
}

// --- opening and closing ---

/// The open sockets of a service, if they are all that `spec` wants.
std::optional<Listeners> ServiceSockets::listeners_of(Slot slot, const ServiceSpec& spec) {
  MutexLock lock(mutex_);
  const auto found = open_.find(slot);
  if (found == open_.end()) return std::nullopt;
  const Service& service = *found->second;
  if (!service.complete || service.name != spec.name || service.spec != *spec.socket)
    return std::nullopt;
  Listeners listeners;
  for (const Socket& socket : service.sockets) listeners.push_back(socket.listener);
  return listeners;
}

ServiceSockets::ServicePtr ServiceSockets::take(Slot slot) {
  MutexLock lock(mutex_);
  const auto found = open_.find(slot);
  if (found == open_.end()) return nullptr;
  ServicePtr service = found->second;
  watch_sockets(slot, *service, false);
  open_.erase(found);
  return service;
}

/// Keeps each socket whose address is still in `listen` open, so that no client is refused
/// meanwhile. A socket stays open even if setting its new options fails.
Result<void> ServiceSockets::keep_open(Service& old, Service& made, Slot slot,
                                       const ListenOptions& options) {
  Result<void> result;
  const bool other_options = old.spec != made.spec || !old.complete;
  if (old.name == made.name) {
    made.was_wanted = old.was_wanted;
    made.launch_failed = old.launch_failed;
    made.again_at = old.again_at;
    made.delay = old.delay;
  }
  for (Socket& socket : old.sockets) {
    const auto same = std::ranges::find(made.spec.listen, old.spec.listen[socket.entry]);
    if (same == made.spec.listen.end() || !socket.listener->reachable()) continue;
    const auto entry = static_cast<std::size_t>(same - made.spec.listen.begin());
    // Asks the socket, because the previous process image may have opened it for another list.
    if (!suits_ipv6(socket.listener->fd(), is_beside_ipv4(made.spec.listen, entry))) continue;
    if (entry != std::exchange(socket.entry, entry)) {
      MutexLock lock(mutex_);
      socket.listener->keep(note_of(slot, entry));
    }
    if (other_options) {
      if (made.spec.accept) set_blocking(socket.listener->fd(), false);
      if (auto set = set_options(socket.listener->fd(), socket.listener->file(), options); !set)
        result = set;
    }
    made.sockets.push_back(std::move(socket));
  }
  std::erase_if(old.sockets, [](const Socket& socket) { return !socket.listener; });
  return result;
}

Result<void> ServiceSockets::open_in_turn(Slot slot, const ServiceSpec& spec) {
  const Turn turn(*this, slot);
  return open(slot, spec);
}

/// Call with the service's turn.
Result<void> ServiceSockets::open(Slot slot, const ServiceSpec& spec) {
  const SocketSpec& wanted = *spec.socket;
  // reachable() asks the file system, which may not answer: without the lock.
  const auto there = listeners_of(slot, spec);
  if (there && std::ranges::all_of(*there, [](const auto& one) { return one->reachable(); })) {
    MutexLock lock(mutex_);
    if (const auto found = open_.find(slot); found != open_.end())
      found->second->ignored = spec.status == StartStatus::ignore;
    return {};
  }
  auto options = options_of(wanted);
  if (!options) return Failure(options.error());
  const ServicePtr old = take(slot);
  auto made = std::make_shared<Service>(spec);
  Result<void> result;
  if (old) {
    result = keep_open(*old, *made, slot, *options);
    for (const Socket& gone : old->sockets)
      for (Socket& kept : made->sockets)
        kept.parted |= old->spec.listen[gone.entry] == wanted.listen[kept.entry];
    note_closed(*old, old->sockets);
    old->close();
  }
  const OtherListeners others{{}, released_.held(true)};
  for (std::size_t entry = 0; entry < wanted.listen.size(); ++entry) {
    Listeners opened;
    bool missing = false;
    for (const Socket& kept : made->sockets) {
      if (kept.entry != entry) continue;
      opened.push_back(kept.listener);
      missing |= kept.parted;
    }
    if (!opened.empty() && !missing) continue;
    const auto at = parse_listen_address(wanted.listen[entry]);
    options->only_ipv6 = is_beside_ipv4(wanted.listen, entry);
    const Result<void> open =
        at ? open_listeners(*at, *options, note_of(slot, entry), others, opened)
           : failure(fmt::format("{} {}", wanted.listen[entry], at.error()));
    if (!open) {  // of a name's missing addresses, none is left open then
      result = open;
      break;
    }
    std::erase_if(made->sockets, [entry](const Socket& kept) { return kept.entry == entry; });
    for (ListenerPtr& listener : opened) made->sockets.push_back({entry, std::move(listener)});
  }
  sort_by(made->sockets, &Socket::entry);
  made->complete = result.has_value();
  MutexLock lock(mutex_);
  open_[slot] = std::move(made);
  return result;
}

/// Whether only a start opens the sockets: the service was stopped and its sockets closed, or it
/// has `accept` and status "ignore", so that nobody would answer a connection.
bool ServiceSockets::stays_closed(Slot slot, const ServiceSpec& spec) {
  const bool ignored = spec.socket->accept && spec.status == StartStatus::ignore;
  if ((spec.socket->on_demand && !ignored) || services_.wanted(spec.name)) return false;
  MutexLock lock(mutex_);
  if (!ignored) {
    const ServicePtr there = named(spec.name);
    return there && there->stopped;
  }
  ServicePtr& there = open_[slot];
  if (!there) there = std::make_shared<Service>(spec);
  there->ignored = there->stopped = true;
  if (!there->sockets.empty()) calls_.reopen();
  return true;
}

void ServiceSockets::close_unwanted() {
  const GraphPtr graph = calls_.graph();
  std::vector<Slot> slots;
  {
    MutexLock lock(mutex_);
    for (const auto& [slot, service] : open_) slots.push_back(slot);
  }
  for (const Slot slot : slots) {
    const Turn turn(*this, slot);
    std::vector<Socket> closed;
    {
      MutexLock lock(mutex_);
      const auto found = open_.find(slot);
      if (found == open_.end()) continue;
      Service& service = *found->second;
      const SocketSpec* const wanted = wanted_of(*graph, slot, service.name);
      const bool stopped = service.stopped && !services_.wanted(service.name);
      if (!stopped && wanted != nullptr && wanted->listen == service.spec.listen) continue;
      watch_sockets(slot, service, false);
      for (Socket& socket : service.sockets) {
        const std::string& address = service.spec.listen[socket.entry];
        if (stopped || wanted == nullptr || !contains(wanted->listen, address))
          closed.push_back(std::move(socket));
      }
      std::erase_if(service.sockets, [](const Socket& socket) { return !socket.listener; });
      service.complete = false;
      note_closed(service, closed);
      if (wanted == nullptr) open_.erase(found);
    }
    Service::close(std::move(closed));
  }
}

void ServiceSockets::note_closed(const Service& of, const std::vector<Socket>& sockets) {
  Listeners closed;
  for (const Socket& socket : sockets) closed.push_back(socket.listener);
  released_.add(of.name, closed);
}

std::map<std::string, Error> ServiceSockets::open_all() {
  std::map<std::string, Error> faults;
  close_unwanted();
  const GraphPtr planned = calls_.graph();
  for (const Slot slot : planned->order()) {
    if (!planned->spec(slot).socket->configured()) continue;
    const Turn turn(*this, slot);
    // A process that started meanwhile has the sockets of the graph in force: use that graph.
    const GraphPtr graph = calls_.graph();
    const std::string& name = planned->spec(slot).name;
    if (wanted_of(*graph, slot, name) == nullptr || graph->node(slot).broken()) continue;
    const ServiceSpec& spec = graph->spec(slot);
    if (stays_closed(slot, spec)) continue;
    if (auto opened = open(slot, spec); !opened) faults[name] = std::move(opened).error();
  }
  look();
  return faults;
}

void ServiceSockets::take_inherited(Inheritance& inherited, const Graph& graph) {
  MutexLock lock(mutex_);
  for (Inheritance::One& one : inherited.take_all(KeptKind::service_socket)) {
    const Slot slot = one.note.slot;
    if (!graph.used(slot)) continue;
    const ServiceSpec& spec = graph.spec(slot);
    // `listen` may have changed without the new address being opened yet.
    const auto entry = one.note.owner;
    if (entry >= spec.socket->listen.size()) continue;
    const auto at = parse_listen_address(spec.socket->listen[entry]);
    if (!at || !listens_at(one.fd.get(), *at)) continue;
    ServicePtr& service = open_[slot];
    if (!service) service = std::make_shared<Service>(spec);
    SocketFile file =
        one.note.part == 1 ? SocketFile(one.fd.get(), at->place.socket) : SocketFile();
    std::string address = address_text(own_address(one.fd.get()));
    service->sockets.push_back(
        {entry,
         std::make_shared<OpenListener>(std::move(one.fd), std::move(file), std::move(address))});
  }
  for (const Slot slot : graph.order()) {
    const ServiceSpec& spec = graph.spec(slot);
    if (!spec.socket->configured()) continue;
    const bool wanted = services_.wanted(spec.name);
    ServicePtr& service = open_[slot];
    if (!service) {
      service = std::make_shared<Service>(spec);
      service->stopped = !wanted;  // a service not on demand was stopped, with its sockets
    }
    service->launch_failed = wanted && services_.process(spec.name) < 0;
  }
  for (auto& [slot, service] : open_) sort_by(service->sockets, &Socket::entry);
}

// --- passing ---

Result<void> ServiceSockets::prepare(Slot slot, const ServiceSpec& spec, SpawnExtras& extras) {
  if (!spec.socket->configured() || spec.socket->accept) return {};
  Result<void> opened = open_in_turn(slot, spec);
  if (!opened && opened.error().errnum == EADDRINUSE) {
    close_unwanted();  // another service may be about to release the address
    opened = open_in_turn(slot, spec);
  }
  const Turn turn(*this, slot);
  MutexLock lock(mutex_);
  const auto found = open_.find(slot);
  if (found != open_.end()) found->second->launch_failed = !opened;
  extras.retried = !opened && found != open_.end() &&
                   (spec.status != StartStatus::ignore || opened.error().temporary());
  if (!opened) calls_.reopen();
  if (!opened || found == open_.end()) return opened;
  const ServicePtr service = found->second;
  service->was_wanted = true;
  const auto held = std::make_shared<Held>();
  for (const Socket& socket : service->sockets) {
    const auto& names = service->spec.names;
    set_blocking(socket.listener->fd(), true);  // its previous process may have changed the flag
    extras.listen_fds.push_back(
        {socket.listener->fd(), names.empty() ? service->name : names[socket.entry]});
    held->sockets.push_back(socket.listener);
  }
  extras.parts.push_back(held);
  return {};
}

std::vector<std::string> ServiceSockets::addresses(const std::string& name) const {
  std::vector<std::string> addresses;
  MutexLock lock(mutex_);
  const ServicePtr service = named(name);
  if (!service) return addresses;
  for (const Socket& socket : service->sockets) {
    const std::string& address = service->spec.listen[socket.entry];
    if (addresses.empty() || addresses.back() != address) addresses.push_back(address);
  }
  return addresses;
}

ServiceSockets::ServicePtr ServiceSockets::named(const std::string& name) const {
  for (const auto& [slot, service] : open_)
    if (service->name == name) return service;
  return nullptr;
}

// --- what comes to the sockets ---

void ServiceSockets::watch_sockets(Slot slot, Service& service, bool on) noexcept {
  if (service.watched == on) return;
  service.watched = on;
  for (std::size_t i = 0; i < service.sockets.size(); ++i) {
    const int fd = service.sockets[i].listener->fd();
    if (!on)
      set_.remove(fd);
    else if (!set_.add(fd, EPOLLIN, key_of(slot, i)))
      service.watched = false;
  }
  if (on && !service.watched) {
    for (const Socket& socket : service.sockets) set_.remove(socket.listener->fd());
    service.again_at = after(Clock::now(), kLackAgain);
    look_.ask();
  }
}

bool ServiceSockets::has_room(const Service& service) const noexcept {
  std::size_t all = 0, own = 0;
  for (const auto& [name, count] : connections_) {
    all += count;
    if (name == service.name) own = count;
  }
  return own < service.spec.max_connections && all < most_instances_;
}

void ServiceSockets::look() noexcept {
  MutexLock lock(mutex_);
  if (!open_.empty()) look_.ask();
}

void ServiceSockets::look_now() {
  const TimePoint now = Clock::now();
  TimePoint next = set_.open() ? kNever : after(now, kLackAgain);
  {
    MutexLock lock(mutex_);
    for (const auto& [slot, service] : open_) {
      Service& one = *service;
      const SocketSpec& spec = one.spec;
      const bool wanted = services_.wanted(one.name);
      if (!wanted) one.launch_failed = false;
      if (one.launch_failed && one.complete &&
          services_.retry(one.name, "started by its sockets, which could not be opened before"))
        one.launch_failed = false;
      if (spec.accept) {
        const bool stopped = one.ignored && !wanted;
        if (std::exchange(one.stopped, stopped) != stopped) calls_.reopen();
        const bool room = has_room(one) && !stopped;
        if (room && one.again_at > now) next = std::min(next, one.again_at);
        watch_sockets(slot, one, room && one.again_at <= now);
        continue;
      }
      const auto stand = services_.stand(one.name);
      const bool off = stand == ServiceAccess::Stand::off || stand == ServiceAccess::Stand::done;
      if (!spec.on_demand && off && !wanted && one.was_wanted) {
        one.stopped = true;
        calls_.reopen();
      }
      one.was_wanted = wanted || (one.was_wanted && !one.stopped);
      one.stopped = one.stopped && !wanted;
      const bool starts = spec.on_demand && off && !one.ignored;
      if (starts && one.again_at > now) next = std::min(next, one.again_at);
      watch_sockets(slot, one, starts && one.again_at <= now);
    }
  }
  again_.set_at(next);
}

void ServiceSockets::on_ready(EpollSet::Key key, std::uint32_t events) {
  const auto slot = static_cast<Slot>(key >> 16);
  const auto index = static_cast<std::size_t>(key & 0xffff);
  ServicePtr service;
  ListenerPtr listener;  // keeps the socket open until the end of this function
  std::string address;
  const bool shut_down = (events & EPOLLHUP) != 0;
  {
    MutexLock lock(mutex_);
    const auto found = open_.find(slot);
    if (found == open_.end() || !found->second->watched) return;
    service = found->second;
    if (index >= service->sockets.size()) return;
    listener = service->sockets[index].listener;
    address = service->spec.listen[service->sockets[index].entry];
    if (!service->spec.accept || shut_down) {
      watch_sockets(slot, *service, false);
      service->again_at = after(Clock::now(), service->delay.next(services_.failed(service->name)));
    }
  }
  if (shut_down) return calls_.reopen();
  if (service->spec.accept) return accept_some(slot, service, listener->fd());
  services_.start(service->name, "a connection to " + address);
}

void ServiceSockets::accept_some(Slot slot, const ServicePtr& service, int listener) {
  for (int i = 0; i < kAcceptedATurn; ++i) {
    KeptFd connection;
    int errnum = 0;
    {
      // Under the lock: a thread that stops the watching may make the socket block again.
      MutexLock lock(mutex_);
      if (!service->watched) return;
      connection = KeptFd::accept(listener, 0, {KeptKind::accepted, 0, slot});
      if (!connection) errnum = errno;
      if (errnum == EAGAIN) return;
      if (errnum != 0 && !concerns_connection(errnum)) {
        service->again_at = after(Clock::now(), kLackAgain);
        watch_sockets(slot, *service, false);
        return look_.ask();
      }
      if (connection) ++connections_[service->name];
      if (connection && !has_room(*service)) watch_sockets(slot, *service, false);
    }
    if (connection) calls_.accepted(service->name, std::move(connection));
  }
}

void ServiceSockets::connection_over(const std::string& name) noexcept {
  MutexLock lock(mutex_);
  const auto found = connections_.find(name);
  if (found != connections_.end() && --found->second == 0) connections_.erase(found);
  look_.ask();
}

void ServiceSockets::set_connections(const std::string& name, std::size_t count) {
  MutexLock lock(mutex_);
  connections_[name] = count;
}

}  // namespace zinit
