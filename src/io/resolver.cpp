// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Resolves host names from /etc/hosts, and from DNS by c-ares on libev. See resolver.hpp.
#include "io/resolver.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "base/unix_address.hpp"
#include "io/watcher.hpp"
#include "os/offload.hpp"

// c-ares calls these libc functions to look up services such as "http". zinit never needs them,
// because its ports are numbers. libc would load NSS modules, which a static program cannot do
// safely. With these two in their place, NSS is not even linked.
extern "C" {

servent* getservbyname(const char* /*name*/, const char* /*protocol*/) { return nullptr; }

int getservbyport_r(int /*port*/, const char* /*protocol*/, servent* /*entry*/, char* /*buffer*/,
                    std::size_t /*size*/, servent** found) {
  *found = nullptr;  // no entry, and no error
  return 0;
}
}

namespace zinit {

namespace {

constexpr int kFirstTryMs = 1500;  // c-ares doubles it with each round over the servers
constexpr int kTries = 3;
// A longer file is no sensible resolv.conf, and is ignored.
constexpr off_t kMaxResolvConf = off_t{1} << 20;
constexpr std::size_t kMaxHosts = std::size_t{16} << 20;
constexpr std::size_t kMaxKept = 4096;  // names whose entry in /etc/hosts is cached

SocketAddress ip_address(int family, const void* bytes) {
  SocketAddress address;
  if (family == AF_INET) {
    auto& to = reinterpret_cast<sockaddr_in&>(address.storage);
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, bytes, sizeof to.sin_addr);
    address.size = sizeof to;
  } else {
    auto& to = reinterpret_cast<sockaddr_in6&>(address.storage);
    to.sin6_family = AF_INET6;
    std::memcpy(&to.sin6_addr, bytes, sizeof to.sin6_addr);
    address.size = sizeof to;
  }
  return address;
}

template <class T>
std::string_view bytes_of(const T& value) noexcept {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

SocketAddress address_by(int (*ask)(int, sockaddr*, socklen_t*), int socket) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (ask(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size) < 0) return {};
  return address;
}

/// If `text` is a numeric address, appends it to `to`.
bool numeric(const std::string& text, Addresses& to) {
  unsigned char bytes[sizeof(in6_addr)];
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), bytes) != 1) continue;
    to.push_back(ip_address(family, bytes));
    return true;
  }
  return false;
}

void set_port(Addresses& addresses, std::uint16_t port) {
  for (SocketAddress& address : addresses) {
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
  }
}

std::string host_of(std::string_view text) {
  return lower(text.substr(0, text.size() - (text.ends_with('.') ? 1 : 0)));
}

/// Names that must not be sent to DNS servers (RFC 6761, 6.3).
bool is_localhost(const std::string& name) {
  return name == "localhost" || name.ends_with(".localhost");
}

/// Changes when a file changes.
struct Stamp {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  timespec changed{};

  bool operator==(const Stamp& other) const {
    return device == other.device && number == other.number && size == other.size &&
           changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec;
  }
};

/// All zero if `path` is no regular file. Such a file is not read: a FIFO would block.
Stamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) < 0 || !S_ISREG(status.st_mode)) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_ctim};
}

// For paths of unix sockets. While one hangs, others are looked up.
constexpr Offload::Limits kPathLooks{
    .name = "zinit-path", .patience = Milliseconds{200}, .most_hung = 64};

/// Whether connect(2) can follow the path without asking a file system. Before Linux 5.12 the
/// kernel does not say. (openat2(2), RESOLVE_CACHED)
bool at_hand(const std::string& path) noexcept {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_CACHED;
  const UniqueFd found(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  return found || errno != EAGAIN;
}

// By default c-ares sets close-on-exec only after it has made a socket.

ares_socket_t open_query_socket(int family, int type, int protocol, void*) {
  return ::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

int close_query_socket(ares_socket_t fd, void*) { return ::close(fd); }

ares_ssize_t receive_answer(ares_socket_t fd, void* to, size_t size, int flags, sockaddr* from,
                            ares_socklen_t* length, void*) {
  return ::recvfrom(fd, to, size, flags, from, length);
}

#if ARES_VERSION >= 0x012200  // 1.34, which deprecates ares_set_socket_functions()
void set_socket_functions(ares_channel channel) {
  ares_socket_functions_ex functions{};
  functions.version = 1;
  functions.flags = ARES_SOCKFUNC_FLAG_NONBLOCKING;
  functions.asocket = open_query_socket;
  functions.aclose = close_query_socket;
  // Required. ENOSYS makes c-ares continue without the option.
  functions.asetsockopt = [](ares_socket_t, ares_socket_opt_t, const void*, ares_socklen_t, void*) {
    errno = ENOSYS;
    return -1;
  };
  functions.aconnect = [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size, unsigned,
                          void*) { return ::connect(fd, to, size); };
  functions.arecvfrom = receive_answer;
  functions.asendto = [](ares_socket_t fd, const void* query, size_t size, int, const sockaddr* to,
                         ares_socklen_t length, void*) -> ares_ssize_t {
    return ::sendto(fd, query, size, MSG_NOSIGNAL, to, length);
  };
  ares_set_socket_functions_ex(channel, &functions, nullptr);  // copies them
}
#else
const ares_socket_functions kSockets = {
    open_query_socket, close_query_socket,
    [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) {
      return ::connect(fd, to, size);
    },
    receive_answer,
    [](ares_socket_t fd, const iovec* parts, int count, void*) -> ares_ssize_t {
      // Like writev(2), but without SIGPIPE.
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<std::size_t>(count);
      return ::sendmsg(fd, &message, MSG_NOSIGNAL);
    }};

void set_socket_functions(ares_channel channel) {
  ares_set_socket_functions(channel, &kSockets, nullptr);
}
#endif

}  // namespace

Addresses in_hosts(std::string_view text, const std::string& name) {
  Addresses found;
  while (!text.empty() && found.size() < Resolver::kMaxAddresses) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    std::string_view address;
    while (!(line = trim(line)).empty()) {
      const std::string_view word = line.substr(0, line.find_first_of(" \t"));
      line.remove_prefix(word.size());
      if (address.empty()) {
        address = word;
      } else if (word.size() <= name.size() + 1 && host_of(word) == name) {
        (void)numeric(std::string(address), found);
        break;
      }
    }
  }
  return found;
}

SocketAddress local_address(std::string_view path) {
  SocketAddress address;
  reinterpret_cast<sockaddr_un&>(address.storage) = unix_address(path);
  address.size = sizeof(sockaddr_un);
  return address;
}

std::string_view SocketAddress::host() const noexcept {
  if (storage.ss_family == AF_INET)
    return bytes_of(reinterpret_cast<const sockaddr_in&>(storage).sin_addr);
  return bytes_of(reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

std::uint16_t SocketAddress::port() const noexcept {
  // sin_port and sin6_port have the same offset.
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string_view SocketAddress::path() const noexcept {
  return reinterpret_cast<const sockaddr_un&>(storage).sun_path;
}

std::string host_text(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  (void)::inet_ntop(address.storage.ss_family, address.host().data(), text, sizeof text);
  return text;
}

std::string address_text(const SocketAddress& address) {
  const int family = address.storage.ss_family;
  if (family == AF_UNIX) return fmt::format("unix:{}", address.path());
  const std::string host = host_text(address);
  return fmt::format("{}:{}", family == AF_INET6 ? "[" + host + "]" : host, address.port());
}

SocketAddress own_address(int socket) noexcept { return address_by(::getsockname, socket); }

SocketAddress peer_address(int socket) noexcept { return address_by(::getpeername, socket); }

void reset_at_close(int socket) noexcept {
  const linger at_once{1, 0};
  (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

class Resolver::Impl {
 public:
  Impl(EventLoop& loop, ResolverFiles files)
      : loop_(loop),
        files_(std::move(files)),
        timer_(loop, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
        looked_(loop, [this] { take_looks(); }),
        path_looks_(kPathLooks, [this] { looked_.ask(); }) {}
  ~Impl() { drop_channel(); }
  Impl& operator=(Impl&&) = delete;

  Query resolve(const std::string& host, std::uint16_t port, Answer answer) {
    Addresses known;
    const std::string name = host_of(host);
    if (numeric(host, known) || from_files(name, known)) {
      set_port(known, port);
      answer(std::move(known));
      return nullptr;
    }
    if (auto ready = make_channel(); !ready) {
      answer(Failure(ready.error()));
      return nullptr;
    }
    return wait_for(name, port, std::move(answer));
  }

  /// @param name  of a host, or the path of a unix socket; then `port` is 0
  Query wait_for(const std::string& name, std::uint16_t port, Answer answer) {
    auto query = std::make_shared<Answer>(std::move(answer));
    auto [at, is_new] = asked_.try_emplace(name);
    std::vector<Asker>& askers = at->second.askers;
    std::erase_if(askers, [](const Asker& one) { return one.query.expired(); });
    try {
      askers.push_back({query, port});
      if (is_new) ask(name);
    } catch (...) {
      if (is_new) asked_.erase(name);  // otherwise it would count as under way for ever
      throw;
    }
    return *query ? query : nullptr;
  }

 private:
  struct Asker {
    std::weak_ptr<Answer> query;
    std::uint16_t port;
  };
  /// A query under way.
  struct Asked {
    std::vector<Asker> askers;
    Offload::Ticket look;  // of a path
  };
  /// Passed to c-ares as the callback's argument.
  struct Question {
    Impl* impl;
    std::string name;
  };

  bool from_files(const std::string& name, Addresses& to) {
    const Stamp hosts = stamp_of(files_.hosts);
    if (!(hosts == hosts_) || from_hosts_.size() > kMaxKept) from_hosts_.clear();
    hosts_ = hosts;
    auto known = from_hosts_.find(name);
    if (known == from_hosts_.end()) {
      Addresses found;
      if (hosts.size > 0) {
        if (const auto text = read_file(files_.hosts.c_str(), kMaxHosts))
          found = in_hosts(*text, name);
      }
      if (found.empty() && is_localhost(name)) {
        (void)numeric("127.0.0.1", found);
        (void)numeric("::1", found);
      }
      known = from_hosts_.emplace(name, std::move(found)).first;
    }
    to = known->second;
    return !to.empty();
  }

  /// Makes sure that channel_ exists and uses the current resolv.conf.
  Result<void> make_channel() {
    const Stamp stamp = stamp_of(files_.resolv_conf);
    // A channel's own callback must not destroy it: the next look-up replaces the channel then.
    if (channel_ != nullptr && (stamp == resolv_conf_ || inside_)) return {};
    drop_channel();
    ares_options options{};
    char lookups[] = "b";
    // Without servers c-ares asks a server on this machine, as libc does.
    std::string path = stamp.size > 0 && stamp.size <= kMaxResolvConf ? files_.resolv_conf : "";
    if (path.empty()) path = "/dev/null";
    options.timeout = kFirstTryMs;
    options.tries = kTries;
    options.lookups = lookups;
    options.resolvconf_path = path.data();
    options.udp_port = options.tcp_port = files_.port;
    options.sock_state_cb = socket_changed;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF |
                     ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT | ARES_OPT_SOCK_STATE_CB;
    if (const int status = ares_init_options(&channel_, &options, mask); status != ARES_SUCCESS) {
      channel_ = nullptr;
      while (!asked_.empty()) tell(std::string(asked_.begin()->first), status, nullptr);
      return Failure(Error{fmt::format("cannot ask a name server: {}", ares_strerror(status)),
                           status == ARES_ENOMEM ? ENOMEM : 0});
    }
    set_socket_functions(channel_);
    resolv_conf_ = stamp;
    // Repeat the queries that the old channel has not answered.
    try {
      std::vector<std::string> names;
      for (const auto& [name, asked] : asked_)
        if (!asked.look) names.push_back(name);
      for (const std::string& name : names) ask(name);
    } catch (...) {
      drop_channel();  // the next look-up makes a new one and repeats the queries
      throw;
    }
    return {};
  }

  void drop_channel() {
    if (channel_ == nullptr) return;
    // Calls answered() for each open query, and socket_changed() for each socket.
    ares_destroy(std::exchange(channel_, nullptr));
    sockets_.clear();
    timer_.stop();
  }

  void ask(const std::string& asked) {
    // c-ares may call back at once, and this may destroy `asked`.
    const std::string name = asked;
    if (name.starts_with('/')) {
      asked_.find(name)->second.look = path_looks_.ask([name] {
        struct stat status {};
        static_cast<void>(::stat(name.c_str(), &status));  // connect(2) will report an error
      });
      return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // Else c-ares connects a socket to each address to sort them. The server's order suffices.
    hints.ai_flags = ARES_AI_NOSORT;
    auto question = std::make_unique<Question>(Question{this, name});
    const bool was_inside = std::exchange(inside_, true);
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, answered, question.release());
    inside_ = was_inside;
    set_timer();
  }

  static void answered(void* data, int status, int, ares_addrinfo* info) noexcept {
    const std::unique_ptr<Question> question(static_cast<Question*>(data));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info,
                                                                             ares_freeaddrinfo);
    // The channel is being replaced: the new one asks again.
    if (status == ARES_EDESTRUCTION) return;
    catch_all("name look-up", [&] { question->impl->tell(question->name, status, info); });
  }

  void tell(const std::string& name, int status, const ares_addrinfo* info) {
    Addresses found;
    const ares_addrinfo_node* node = info == nullptr ? nullptr : info->nodes;
    for (; node != nullptr && found.size() < kMaxAddresses; node = node->ai_next) {
      if (node->ai_family == AF_INET)
        found.push_back(
            ip_address(AF_INET, &reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr));
      else if (node->ai_family == AF_INET6)
        found.push_back(
            ip_address(AF_INET6, &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr));
    }
    give(name, std::move(found), fault_text(status));
  }

  /// Gives the answer to all who wait for it. No address: there is a fault.
  void give(const std::string& name, Addresses found, const char* fault) {
    const auto at = asked_.find(name);
    if (at == asked_.end()) return;
    const std::vector<Asker> waiting = std::move(at->second.askers);
    asked_.erase(at);
    for (const Asker& one : waiting) {
      const Query query = one.query.lock();
      if (!query) continue;
      const Answer answer = std::exchange(*query, nullptr);
      catch_all("name look-up", [&] {
        if (found.empty()) {
          answer(Failure(Error{fmt::format("cannot resolve {}: {}", name, fault), 0}));
        } else {
          if (one.port != 0) set_port(found, one.port);
          answer(found);
        }
      });
    }
  }

  void take_looks() {
    for (auto at = asked_.begin(); at != asked_.end();) {
      const auto outcome = at->second.look ? path_looks_.outcome(at->second.look) : std::nullopt;
      if (!outcome) {
        ++at;
        continue;
      }
      const std::string path = at->first;
      give(path, *outcome ? Addresses{local_address(path)} : Addresses(), "no answer");
      at = asked_.begin();  // who got the answer may have asked again
    }
  }

  static const char* fault_text(int status) {
    switch (status) {
      case ARES_ENOTFOUND: return "there is no such name";
      case ARES_SUCCESS:
      case ARES_ENODATA: return "the name has no address";
      case ARES_ETIMEOUT: return "no name server answers";
      case ARES_ECONNREFUSED: return "no name server can be reached";
      case ARES_ESERVFAIL: return "the name server has failed";
      case ARES_EBADRESP: return "the name server sent an invalid answer";
      default: return ares_strerror(status);
    }
  }

  // --- c-ares on the loop ---

  static void socket_changed(void* data, ares_socket_t fd, int readable, int writable) noexcept {
    catch_all("name look-up", [&] {
      auto& self = *static_cast<Impl*>(data);
      // An active watcher's events cannot be changed, so replace the watcher. This is allowed even
      // in the watcher's own callback.
      self.sockets_.erase(fd);
      const int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);
      if (events == 0) return;
      auto watcher = std::make_unique<IoWatcher>(self.loop_, fd, events, [&self, fd](int seen) {
        self.process((seen & (EV_READ | EV_ERROR)) != 0 ? fd : ARES_SOCKET_BAD,
                     (seen & (EV_WRITE | EV_ERROR)) != 0 ? fd : ARES_SOCKET_BAD);
      });
      watcher->start();
      self.sockets_.emplace(fd, std::move(watcher));
    });
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    if (channel_ == nullptr) return;
    inside_ = true;
    ares_process_fd(channel_, readable, writable);
    inside_ = false;
    set_timer();
  }

  void set_timer() {
    timeval limit{};
    if (channel_ == nullptr || ares_timeout(channel_, nullptr, &limit) == nullptr)
      return timer_.stop();
    timer_.set(Milliseconds(limit.tv_sec * 1000 + limit.tv_usec / 1000 + 1));
  }

  EventLoop& loop_;
  const ResolverFiles files_;
  TimerWatcher timer_;
  ares_channel channel_ = nullptr;
  Stamp resolv_conf_, hosts_;
  bool inside_ = false;                          // within a call of c-ares
  std::map<std::string, Addresses> from_hosts_;  // a cache; empty: not in /etc/hosts
  std::map<std::string, Asked> asked_;           // queries under way, and paths
  std::map<ares_socket_t, std::unique_ptr<IoWatcher>> sockets_;
  LoopCall looked_;
  Offload path_looks_;
};

Resolver::Resolver(EventLoop& loop, ResolverFiles files)
    : impl_(std::make_unique<Impl>(loop, std::move(files))) {}
Resolver::~Resolver() = default;

Resolver::Query Resolver::resolve(const std::string& host, std::uint16_t port, Answer answer) {
  return impl_->resolve(host, port, std::move(answer));
}

Resolver::Query Resolver::resolve(const Endpoint& endpoint, Answer answer) {
  if (endpoint.socket.empty()) return resolve(endpoint.host, endpoint.port, std::move(answer));
  // connect(2) on the loop would stop everything else there while a file system does not answer.
  if (!at_hand(endpoint.socket)) return impl_->wait_for(endpoint.socket, 0, std::move(answer));
  answer(Addresses{local_address(endpoint.socket)});
  return nullptr;
}

Result<Addresses> resolve_now(const std::string& host, std::uint16_t port) {
  auto loop = EventLoop::create();
  if (!loop) return Failure(std::move(loop.error()));
  Resolver resolver(**loop);
  std::optional<Result<Addresses>> answer;
  const auto query = resolver.resolve(host, port, [&](Result<Addresses> found) {
    answer = std::move(found);
    (*loop)->stop();
  });
  if (!answer) (*loop)->run();
  return answer ? *std::move(answer) : failure(fmt::format("cannot resolve {}", host));
}

}  // namespace zinit
