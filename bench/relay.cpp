// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The tool of bench/proxies: a server behind the proxies, clients in front of them, and a starter
// of programs that must get their listening socket. All use TCP on 127.0.0.1.
//
//   relay ports N             prints N free ports, below those that the kernel chooses
//   relay serve PORT          the server: obeys the first block of each connection
//   relay pass PORT COMMAND   listens there, and executes COMMAND with the socket as descriptor 3
//                             (LISTEN_FDS, LISTEN_PID; see sd_listen_fds(3))
//   relay await PORT          waits until a connection to PORT is answered
//
// and clients, which print a number, or fail if an answer is wrong or missing:
//
//   relay send PORT MIB       sends MIB MiB over one connection; MiB/s until the server reports
//                             their arrival
//   relay receive PORT MIB    makes the server send them; MiB/s
//   relay request PORT N MS   N connections, each with one block of 64 bytes under way; answered
//                             blocks in a second, over MS milliseconds
//   relay connect PORT N      N connections one after the other, each with one block;
//                             connections in a second
//   relay hold PORT N         opens N connections with one answered block each, prints N and
//                             keeps them until its standard input ends
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlock = 64;
constexpr long kMiB = 1024 * 1024;

// The first byte of a block says what the server does:
constexpr char kEcho = 'e';  // send it back, and read the next
constexpr char kTake = 't';  // read as many bytes as the number after it says, and send it back
constexpr char kGive = 'g';  // send as many bytes as the number after it says, and the end

using Block = std::array<char, kBlock>;

Block block(char what, long number = 0) {
  Block made{};
  std::snprintf(made.data(), made.size(), "%c%ld", what, number);
  return made;
}

long number_in(const Block& from) { return std::atol(from.data() + 1); }

char bulk[256 * 1024];

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "relay: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

double seconds_since(Clock::time_point from) {
  return std::chrono::duration<double>(Clock::now() - from).count();
}

sockaddr_in address_of(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// @return  -1 if another socket has the port
int bind_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = address_of(port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(socket, 4096) == 0)
    return socket;
  ::close(socket);
  return -1;
}

/// @return  -1 if no process listens there
int try_to_connect(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = address_of(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  ::close(socket);
  return -1;
}

int connect_to(int port) {
  const int socket = try_to_connect(port);
  if (socket < 0) fail("connect");
  return socket;
}

bool send_all(int socket, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t sent = ::send(socket, bytes, count, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    count -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool send_block(int socket, const Block& what) {
  return send_all(socket, what.data(), what.size());
}

bool receive_block(int socket, Block& into) {
  return ::recv(socket, into.data(), into.size(), MSG_WAITALL) ==
         static_cast<ssize_t>(into.size());
}

/// Whether a block comes back unchanged.
bool ask(int socket, long number) {
  const Block question = block(kEcho, number);
  Block answer{};
  return send_block(socket, question) && receive_block(socket, answer) && answer == question;
}

// --- the server ---

/// A connection of the server, which reads and writes without blocking.
struct Peer {
  Block block{};
  std::size_t filled = 0;  // part of the block that is being read
  long left_to_take = 0;
  long left_to_give = 0;
  std::string out{};     // blocks that the other end has not taken yet
  bool ended = false;    // nothing follows that
  bool blocked = false;  // output waits for room
};

void act_on_block(Peer& peer) {
  peer.filled = 0;
  const char what = peer.block[0];
  if (what == kEcho) peer.out.append(peer.block.data(), kBlock);
  if (what == kTake) peer.left_to_take = number_in(peer.block);
  if (what == kGive) peer.left_to_give = number_in(peer.block);
  if (what == kGive) peer.ended = true;
}

/// @return  false if the connection is over
bool read_some(int socket, Peer& peer) {
  const bool bulky = peer.left_to_take > 0;
  char* const into = bulky ? bulk : peer.block.data() + peer.filled;
  const std::size_t room =
      bulky ? static_cast<std::size_t>(std::min<long>(peer.left_to_take, sizeof bulk))
            : kBlock - peer.filled;
  const ssize_t got = ::recv(socket, into, room, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return false;
  if (bulky && (peer.left_to_take -= got) == 0) peer.out.append(peer.block.data(), kBlock);
  if (!bulky && (peer.filled += static_cast<std::size_t>(got)) == kBlock) act_on_block(peer);
  return true;
}

/// @return  false if the connection is over
bool write_some(int socket, Peer& peer) {
  while (!peer.out.empty() || peer.left_to_give > 0) {
    const bool bulky = peer.out.empty();
    const char* const from = bulky ? bulk : peer.out.data();
    const std::size_t count =
        bulky ? static_cast<std::size_t>(std::min<long>(peer.left_to_give, sizeof bulk))
              : peer.out.size();
    const ssize_t sent = ::send(socket, from, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    if (bulky)
      peer.left_to_give -= sent;
    else
      peer.out.erase(0, static_cast<std::size_t>(sent));
  }
  return !peer.ended;
}

void watch(int set, int operation, int socket, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  if (::epoll_ctl(set, operation, socket, &event) < 0) fail("epoll_ctl");
}

int serve(int port) {
  const int listener = bind_to(port);
  if (listener < 0) fail("bind");
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  watch(set, EPOLL_CTL_ADD, listener, EPOLLIN);
  std::map<int, Peer> peers;
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        const int on = 1;
        ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peers[accepted] = {};
        watch(set, EPOLL_CTL_ADD, accepted, EPOLLIN);
        continue;
      }
      Peer& peer = peers[socket];
      const bool reads = !peer.ended && peer.out.empty();
      if ((reads && !read_some(socket, peer)) || !write_some(socket, peer)) {
        ::close(socket);
        peers.erase(socket);
        continue;
      }
      const bool blocked = !peer.out.empty() || peer.left_to_give > 0;
      if (blocked == peer.blocked) continue;
      peer.blocked = blocked;
      watch(set, EPOLL_CTL_MOD, socket, blocked ? EPOLLOUT : EPOLLIN);
    }
  }
}

// --- starters ---

int print_ports(int count) {
  std::vector<int> held;
  for (int port = 20000 + ::getpid() % 10000; port < 32768 && count > 0; ++port) {
    const int socket = bind_to(port);
    if (socket < 0) continue;
    held.push_back(socket);  // so that no port is printed twice
    std::printf("%d\n", port);
    --count;
  }
  return count == 0 ? 0 : 1;
}

int pass(int port, char** command) {
  const int listener = bind_to(port);
  if (listener < 0) fail("bind");
  constexpr int kFirst = 3;  // SD_LISTEN_FDS_START
  if (listener == kFirst)
    ::fcntl(listener, F_SETFD, 0);
  else if (::dup2(listener, kFirst) < 0)
    fail("dup2");
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::execvp(command[0], command);
  fail(command[0]);
}

int await(int port) {
  for (;;) {
    const int socket = try_to_connect(port);
    const bool answered = socket >= 0 && ask(socket, 1);
    if (socket >= 0) ::close(socket);
    if (answered) return 0;
    ::usleep(50'000);
  }
}

// --- clients ---

int send(int port, long mib) {
  const int socket = connect_to(port);
  const auto start = Clock::now();
  const Block question = block(kTake, mib * kMiB);
  if (!send_block(socket, question)) fail("send");
  for (long left = mib * kMiB; left > 0;) {
    const auto count = static_cast<std::size_t>(std::min<long>(left, sizeof bulk));
    if (!send_all(socket, bulk, count)) fail("send");
    left -= static_cast<long>(count);
  }
  // This side stays open until then: systemd-socket-proxyd ends a connection with either side.
  Block told{};
  if (!receive_block(socket, told) || told != question) fail("receive");
  std::printf("%.1f\n", static_cast<double>(mib) / seconds_since(start));
  return 0;
}

int receive(int port, long mib) {
  const int socket = connect_to(port);
  const auto start = Clock::now();
  if (!send_block(socket, block(kGive, mib * kMiB))) fail("send");
  long all = 0;
  for (ssize_t got; (got = ::recv(socket, bulk, sizeof bulk, 0)) != 0; all += got)
    if (got < 0) fail("receive");
  if (all != mib * kMiB) fail("another number of bytes came");
  std::printf("%.1f\n", static_cast<double>(mib) / seconds_since(start));
  return 0;
}

/// One of the connections that send requests all the time.
struct Asker {
  int socket = -1;
  long asked = 0;
  Block answer{};
  std::size_t filled = 0;
};

/// @return  whether an answer is complete, and the next block is under way
bool next_answer(Asker& asker) {
  const ssize_t got = ::recv(asker.socket, asker.answer.data() + asker.filled,
                             kBlock - asker.filled, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN)) fail("receive");
  if (got > 0) asker.filled += static_cast<std::size_t>(got);
  if (asker.filled < kBlock) return false;
  if (asker.answer != block(kEcho, asker.asked)) fail("an answer to something else");
  asker.filled = 0;
  if (!send_block(asker.socket, block(kEcho, ++asker.asked))) fail("send");
  return true;
}

int request(int port, std::size_t count, long ms) {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Asker> askers(count);
  for (std::size_t i = 0; i < count; ++i) {
    askers[i].socket = connect_to(port);
    if (!ask(askers[i].socket, 0)) fail("the first answer");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(set, EPOLL_CTL_ADD, askers[i].socket, &event) < 0) fail("epoll_ctl");
  }
  const auto start = Clock::now();
  for (Asker& asker : askers)
    if (!send_block(asker.socket, block(kEcho, asker.asked))) fail("send");
  long answers = 0;
  std::array<epoll_event, 64> events;
  while (seconds_since(start) * 1000 < static_cast<double>(ms)) {
    const int ready = ::epoll_wait(set, events.data(), static_cast<int>(events.size()), 1000);
    for (int i = 0; i < ready; ++i)
      answers += next_answer(askers[events[static_cast<std::size_t>(i)].data.u64]) ? 1 : 0;
  }
  std::printf("%.0f\n", static_cast<double>(answers) / seconds_since(start));
  return 0;
}

int connect_often(int port, long count) {
  const auto start = Clock::now();
  for (long i = 0; i < count; ++i) {
    const int socket = connect_to(port);
    if (!ask(socket, i)) fail("an answer");
    ::close(socket);
  }
  std::printf("%.0f\n", static_cast<double>(count) / seconds_since(start));
  return 0;
}

int hold(int port, long count) {
  for (long i = 0; i < count; ++i)
    if (!ask(connect_to(port), i)) fail("an answer");
  std::printf("%ld\n", count);
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  const int first = argc > 2 ? std::atoi(argv[2]) : 0;
  const long second = argc > 3 ? std::atol(argv[3]) : 0;
  std::signal(SIGPIPE, SIG_IGN);
  if (what == "ports" && argc == 3) return print_ports(first);
  if (what == "serve" && argc == 3) return serve(first);
  if (what == "pass" && argc > 3) {
    std::signal(SIGPIPE, SIG_DFL);
    return pass(first, argv + 3);
  }
  if (what == "await" && argc == 3) return await(first);
  if (what == "send" && argc == 4) return send(first, second);
  if (what == "receive" && argc == 4) return receive(first, second);
  if (what == "request" && argc == 5)
    return request(first, static_cast<std::size_t>(second), std::atol(argv[4]));
  if (what == "connect" && argc == 4) return connect_often(first, second);
  if (what == "hold" && argc == 4) return hold(first, second);
  return 2;
}
