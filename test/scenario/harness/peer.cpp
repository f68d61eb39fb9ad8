// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A service for tests that accepts connections: this same program, called as `peer`. Its words:
//
//   after FILE             waits until the file exists
//   trace TEXT             writes a line to the trace
//   at ADDRESS             listens there; may be repeated
//   passed                 gets its sockets passed, and traces its findings: "fds N NAMES",
//                          "not its own" if LISTEN_PID is another, "no blocking" for each
//   careless               makes its sockets non-blocking
//   shut                   shuts its sockets down, for all processes that have them, and ends
//   shut-one               the same with its first socket only
//   inetd                  has one connection, as standard input and output
//   ask ADDRESS TEXT       connects there, sends the text, and traces "answer ..." or "refused"
//   few                    takes one connection at a time
//   slowly FILE            until the file exists: waits 5 ms after each 64 KiB sent or read
//
// and then its action for each connection, in a separate process unless `few` is given:
//
//   echo                   sends all data back until the end, then ends its side
//   pid                    sends the pid of the service, and closes
//   sum                    reads all data, then sends its size and its checksum
//   give N                 sends N bytes of the pattern, ends its side, and reads the rest
//   swap N                 does give and sum at the same time; the sum goes to the trace
//   talk FILE              sends "bye" and ends its side, and appends the data to the file
//   silent                 reads nothing and sends nothing
//   die                    kills the service by SIGKILL when a byte comes
//   reset                  resets the connection when a byte comes
//   last                   sends the first data back, and ends the service
//   wait                   sends "hello", and traces the end of the connection: "reset", "ended"
//   env NAME               sends a variable of its environment, and closes
//   complain TEXT          writes a line to standard error, then acts like echo
//
// A datagram, or data of a FIFO, is traced as "got TEXT".
#include "scenario/harness/peer.hpp"
#include "scenario/harness.hpp"
#include "support/addresses.hpp"

namespace zinit::test {

namespace {

// --- addresses ---

struct Place : SocketAddress {
  int type = SOCK_STREAM;
};

bool cut(std::string& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.erase(0, prefix.size());
  return true;
}

Place place_of(std::string text) {
  const bool dgram = cut(text, "unix-dgram:");
  const int type = dgram || cut(text, "udp:") ? SOCK_DGRAM : SOCK_STREAM;
  if (dgram || cut(text, "unix:")) return {local_address(text), type};
  cut(text, "tcp:");
  const auto colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  in_addr number{};
  if (host[0] == '[')
    host = host.substr(1, colon - 2);
  else if (inet_pton(AF_INET, host.c_str(), &number) != 1)
    host = "127.0.0.1";
  return {ip_address(host, static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))), type};
}

// --- the service ---

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// See "slowly".
std::string fast_when;

/// Call it after each piece that was sent or read.
void slow_down() {
  if (!fast_when.empty() && ::access(fast_when.c_str(), F_OK) != 0) ::usleep(5000);
}

/// Reads data piece by piece, until the end.
template <class Take>
void each_piece(int fd, Take take) {
  char block[65536];
  for (;;) {
    const ssize_t n = ::read(fd, block, sizeof block);
    if (n <= 0 || !take(std::string_view(block, static_cast<std::size_t>(n)))) return;
    slow_down();
  }
}

void give(int fd, std::uint64_t count) {
  for (std::uint64_t at = 0; at < count;) {
    const auto size = std::min<std::uint64_t>(count - at, 65536);
    if (!write_all(fd, pattern(at, size))) return;
    slow_down();
    at += size;
  }
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "unset" : value;
}

void end_side(int fd) { ::shutdown(fd, SHUT_WR); }

void echo(int in, int out) {
  each_piece(in, [&](std::string_view bytes) { return write_all(out, bytes); });
  end_side(out);
}

/// One connection, from its begin to its end; `service` is the main process.
void serve(int in, int out, const Texts& words, pid_t service) {
  const std::string& what = words.at(0);
  if (what == "echo") {
    echo(in, out);
  } else if (what == "pid") {
    (void)write_all(out, std::to_string(service));
  } else if (what == "sum") {
    Sum sum;
    each_piece(in, [&](std::string_view bytes) { return sum.add(bytes), true; });
    (void)write_all(out, sum.text());
  } else if (what == "give") {
    give(out, std::stoull(words.at(1)));
    end_side(out);
    each_piece(in, [](std::string_view) { return true; });
  } else if (what == "swap") {
    if (::fork() == 0) {
      give(out, std::stoull(words.at(1)));
      end_side(out);
      _exit(0);
    }
    Sum sum;
    each_piece(in, [&](std::string_view bytes) { return sum.add(bytes), true; });
    write_trace("sum " + sum.text());
  } else if (what == "talk") {
    (void)write_all(out, "bye");
    end_side(out);
    std::ofstream file(words.at(1), std::ios::app | std::ios::binary);
    each_piece(in, [&](std::string_view bytes) { return bool(file << bytes << std::flush); });
    write_trace("heard the end");
  } else if (what == "silent") {
    for (;;) ::pause();
  } else if (what == "die") {
    char byte = 0;
    if (::read(in, &byte, 1) == 1) ::kill(service, SIGKILL);
    for (;;) ::pause();
  } else if (what == "reset") {
    char byte = 0;
    (void)!::read(in, &byte, 1);
    reset_at_close(out);
  } else if (what == "last") {
    each_piece(in, [&](std::string_view bytes) { return write_all(out, bytes), false; });
    end_side(out);
    ::kill(service, SIGTERM);
  } else if (what == "wait") {
    (void)write_all(out, "hello");
    char byte = 0;
    write_trace(::read(in, &byte, 1) < 0 ? "reset" : "ended");
  } else if (what == "env") {
    (void)write_all(out, variable(words.at(1).c_str()));
  } else if (what == "complain") {
    (void)write_all(2, words.at(1) + "\n");
    echo(in, out);
  } else {
    _exit(96);
  }
}

void take_text(int fd) {
  char text[4096];
  const ssize_t n = ::read(fd, text, sizeof text);
  if (n <= 0) return;
  std::string all(text, static_cast<std::size_t>(n));
  if (all.back() == '\n') all.pop_back();
  write_trace("got " + all);
}

/// Whether the socket listens: only sockets for connections do.
bool listens(int fd) {
  int on = 0;
  socklen_t size = sizeof on;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on != 0;
}

[[noreturn]] void run(const std::vector<int>& sockets, bool few, const Texts& words) {
  ::signal(SIGCHLD, SIG_IGN);
  std::vector<pollfd> all;
  for (const int fd : sockets) all.push_back({fd, POLLIN, 0});
  for (;;) {
    if (::poll(all.data(), all.size(), -1) < 1) continue;
    for (const pollfd& one : all) {
      if (one.revents == 0) continue;
      if (!listens(one.fd)) {
        take_text(one.fd);
        continue;
      }
      const int fd = ::accept4(one.fd, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const pid_t service = ::getpid();
      if (few || ::fork() == 0) {
        // Close the listeners, so that no client can connect to a service that has ended.
        if (!few)
          for (const int listener : sockets) ::close(listener);
        serve(fd, fd, words, service);
        ::close(fd);
        if (!few) _exit(0);
      }
      ::close(fd);
    }
  }
}

int connect_to_address(const std::string& address) {
  const Place place = place_of(address);
  const int fd = ::socket(place.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, place.get(), place.size) == 0) return fd;
  const int errnum = errno;
  if (fd >= 0) ::close(fd);
  errno = errnum;
  return -1;
}

void ask(const std::string& address, const std::string& text) {
  const int fd = connect_to_address(address);
  if (fd < 0) return write_trace("refused");
  (void)write_all(fd, text);
  end_side(fd);
  std::string answer;
  each_piece(fd, [&](std::string_view bytes) { return answer += bytes, true; });
  ::close(fd);
  write_trace("answer " + answer);
}

/// A socket that is bound there; -1 with errno.
int bound(const std::string& address, bool reuse = false) {
  const Place place = place_of(address);
  const int fd = ::socket(place.storage.ss_family, place.type | SOCK_CLOEXEC, 0);
  const int on = reuse ? 1 : 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd >= 0 && ::bind(fd, place.get(), place.size) == 0) return fd;
  const int errnum = errno;
  if (fd >= 0) ::close(fd);
  errno = errnum;
  return -1;
}

int listen_at(const std::string& address) {
  const Place place = place_of(address);
  if (place.storage.ss_family == AF_UNIX) ::unlink(std::string(place.path()).c_str());
  const int fd = bound(address, true);
  if (fd >= 0 && (place.type != SOCK_STREAM || ::listen(fd, 1024) == 0)) return fd;
  ::perror(("peer: " + address).c_str());
  _exit(100);
}

std::string port_of(int fd) { return std::to_string(own_address(fd).port()); }

std::vector<int> passed() {
  const std::string count = variable("LISTEN_FDS");
  write_trace("fds " + count + " " + variable("LISTEN_FDNAMES"));
  if (variable("LISTEN_PID") != std::to_string(::getpid())) write_trace("not its own");
  std::vector<int> fds;
  for (int i = 0; count != "unset" && i < std::stoi(count); ++i) {
    fds.push_back(3 + i);
    if ((::fcntl(3 + i, F_GETFL) & O_NONBLOCK) != 0) write_trace("no blocking");
  }
  return fds;
}

/// Runs before any test: glibc passes main()'s arguments to constructors.
__attribute__((constructor(65535))) void be_peer(int argc, char** argv, char**) {
  if (argc < 2 || std::strcmp(argv[1], "peer") != 0) return;
  const Texts words(argv + 2, argv + argc);
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<int> sockets;
  bool few = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word == "after") {
      const std::string& file = words.at(++at);
      while (::access(file.c_str(), F_OK) != 0) ::usleep(2000);
    } else if (word == "trace") {
      write_trace(words.at(++at));
    } else if (word == "at") {
      sockets.push_back(listen_at(words.at(++at)));
    } else if (word == "passed") {
      sockets = passed();
    } else if (word == "careless") {
      for (const int fd : sockets) ::fcntl(fd, F_SETFL, O_NONBLOCK);
    } else if (word == "shut") {
      for (const int fd : sockets) ::shutdown(fd, SHUT_RDWR);
      _exit(0);
    } else if (word == "ask") {
      const std::string& address = words.at(++at);
      ask(address, words.at(++at));
    } else if (word == "few") {
      few = true;
    } else if (word == "slowly") {
      fast_when = words.at(++at);
    } else if (word == "shut-one") {
      ::shutdown(sockets.at(0), SHUT_RDWR);
      _exit(0);
    } else if (word == "inetd") {
      serve(0, 1, Texts(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end()),
            ::getpid());
      _exit(0);
    } else {
      run(sockets, few, Texts(words.begin() + static_cast<std::ptrdiff_t>(at), words.end()));
    }
  }
  run(sockets, few, {"silent"});
}

}  // namespace

std::string peer(const Texts& words) { return this_program("peer", words); }

std::string peers(const Texts& words, const std::string& more) {
  return "[service]\nexec = [" + peer(words) +
         "]\nstatus = 'stop'\n[lifecycle]\nrestart_delay_ms = 10\n" + more + "\n";
}

std::string free_port() {
  static std::set<std::string> given;
  for (;;) {
    const int four = bound("127.0.0.1:0");
    REQUIRE(four >= 0);
    const std::string port = port_of(four);
    const int six = bound("[::1]:" + port);
    const bool taken = six < 0 && errno == EADDRINUSE;
    for (const int fd : {four, six})
      if (fd >= 0) ::close(fd);
    if (!taken && given.insert(port).second) return port;
  }
}

std::string free_address() { return "127.0.0.1:" + free_port(); }

bool has_ipv6() {
  const int fd = bound("[::1]:0");
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

// --- clients ---

Client::Client(const std::string& address) : fd_(connect_to_address(address)) {
  if (fd_ < 0) FAIL("cannot connect to " << address << ": " << std::strerror(errno));
}

Client::~Client() { close(); }

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), was_reset_(other.was_reset_) {}

bool Client::possible(const std::string& address) {
  const int fd = connect_to_address(address);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd one{fd_, POLLOUT, 0};
    if (::poll(&one, 1, static_cast<int>(kPatience.count())) < 1) FAIL("it takes nothing in time");
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
      was_reset_ = errno == ECONNRESET || errno == EPIPE;
      return false;
    }
    if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::size_t Client::send_some(std::string_view bytes) {
  const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

void Client::finish() { ::shutdown(fd_, SHUT_WR); }

void Client::reset() {
  reset_at_close(fd_);
  close();
}

void Client::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string Client::read(std::size_t bytes, std::chrono::milliseconds deadline) {
  std::string all;
  std::string block(262144, '\0');
  while (all.size() < bytes) {
    pollfd one{fd_, POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(deadline.count())) < 1)
      FAIL("nothing more comes in time after " << all.size() << " bytes: " << all.substr(0, 200));
    const ssize_t n = ::recv(fd_, block.data(), std::min(block.size(), bytes - all.size()), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) was_reset_ = errno == ECONNRESET;
    if (n <= 0) break;
    all.append(block.data(), static_cast<std::size_t>(n));
  }
  return all;
}

std::string Client::read_all(std::chrono::milliseconds deadline) {
  return read(std::string::npos, deadline);
}

std::string Client::echo(const std::string& bytes) {
  if (!send(bytes)) return "it takes nothing";
  return read(bytes.size());
}

bool Client::is_reset(std::chrono::milliseconds deadline) {
  (void)read_all(deadline);
  return was_reset_;
}

bool Client::quiet() const {
  pollfd one{fd_, POLLIN, 0};
  return ::poll(&one, 1, 0) == 0;
}

std::string Client::own_port() const { return port_of(fd_); }

bool send_datagram(const std::string& address, const std::string& text) {
  const Place place = place_of(address);
  const int fd = ::socket(place.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool sent = ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL, place.get(), place.size) ==
                    static_cast<ssize_t>(text.size());
  ::close(fd);
  return sent;
}

// --- bytes ---

std::string pattern(std::uint64_t from, std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = pattern_at(from + i);
  return bytes;
}

void Sum::add(std::string_view bytes) {
  count_ += bytes.size();
  for (const char byte : bytes) sum_ = (sum_ ^ static_cast<unsigned char>(byte)) * 1099511628211U;
}

std::string Sum::text() const { return std::to_string(count_) + " " + std::to_string(sum_); }

std::string sum_of_pattern(std::uint64_t bytes) {
  Sum sum;
  for (std::uint64_t at = 0; at < bytes;) {
    const auto size = std::min<std::uint64_t>(bytes - at, 65536);
    sum.add(pattern(at, size));
    at += size;
  }
  return sum.text();
}

}  // namespace zinit::test
