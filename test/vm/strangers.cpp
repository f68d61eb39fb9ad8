// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A user of the machine sends descriptors to PID 1 whose last close blocks for hours.
#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/unix_address.hpp"
#include "os/unix_receive.hpp"
#include "support/lingering.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::strangers {
namespace {

constexpr unsigned kStranger = 100;  // redis, and its group
constexpr int kEach = 4;

int connection(const char* path, int type) {
  const sockaddr_un address = unix_address(path);
  const int socket = ::socket(AF_UNIX, type, 0);
  if (::connect(socket, generic(address), sizeof address) < 0) _exit(1);
  return socket;
}

/// Sends `text` to the unix socket of this type at `path`, and exits. Sends as many descriptors as
/// the kernel allows with it, `fd` last: a receiver with room for only some of them closes `fd`.
[[noreturn]] void send_and_exit(const char* path, int type, std::string text, int fd) {
  const int socket = connection(path, type);
  std::array<int, kMostFds> fds;
  fds.fill(STDIN_FILENO);
  fds.back() = fd;
  alignas(cmsghdr) char beside[CMSG_SPACE(sizeof fds)] = {};
  iovec part{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = beside;
  message.msg_controllen = sizeof beside;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof fds);
  // EPERM: this kernel lets the receiver refuse descriptors, so nothing can delay it.
  const bool over = ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0 || errno == EPERM;
  _exit(over ? 0 : 2);
}

/// A process that keeps zinit busy, so that a sender is gone when zinit receives. Otherwise the
/// sender's exit, which does not linger, would be the last close.
pid_t start_flood(const char* path, int type, const std::string& text) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int socket = connection(path, type);
  std::array<char, 65536> answers;
  while (true) {
    (void)::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    (void)::recv(socket, answers.data(), answers.size(), MSG_DONTWAIT);
  }
}

/// `stranger NOTIFY-SOCKET`: sends to the socket, to /dev/log and to the control socket, and
/// reports it. Then stays as the peer that keeps the sockets lingering.
[[noreturn]] void be_stranger(const char* notify_socket) {
  if (::setgid(kStranger) < 0 || ::setuid(kStranger) < 0) _exit(3);
  const test::Lingering lingering;
  const std::array floods{
      start_flood("/dev/log", SOCK_DGRAM, "<13>stranger: flood"),
      start_flood("/run/zinit.sock", SOCK_STREAM,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"service.list_full\"}\n")};
  for (int i = 0; i < kEach; ++i) {
    for (const auto& [path, type, text] :
         {std::tuple{"/dev/log", SOCK_DGRAM, "<13>stranger: here"},
          std::tuple{notify_socket, SOCK_DGRAM, "READY=1"},
          std::tuple{"/run/zinit.sock", SOCK_STREAM, "{\"jsonrpc\":\"2.0\""}}) {
      const pid_t child = ::fork();
      if (child == 0) send_and_exit(path, type, text, lingering.make());
      int status = -1;
      if (::waitpid(child, &status, 0) != child || status != 0) _exit(4);
    }
  }
  for (const pid_t flood : floods) ::kill(flood, SIGKILL);
  if (::write(STDOUT_FILENO, "done\n", 5) != 5) _exit(5);
  while (true) ::pause();
}

/// This program is also the attacker: glibc passes main()'s arguments to constructors.
__attribute__((constructor(65535))) void take_part(int argc, char** argv, char**) {
  if (argc == 2 && std::strcmp(argv[0], "stranger") == 0) be_stranger(argv[1]);
}

SCENARIO("who sends PID 1 sockets that linger holds up neither services nor the power-off") {
  const auto self = read_file("/proc/self/exe", std::size_t{64} << 20);
  REQUIRE(self);
  play("strangers", {.files = {{"/bin/stranger", *self, 0755}}});
}

}  // namespace
}  // namespace zinit::vm::strangers
