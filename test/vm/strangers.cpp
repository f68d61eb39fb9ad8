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
  GIVEN("a machine whose control socket another user may use, and a service with a notify socket") {
    const auto self = read_file("/proc/self/exe", std::size_t{64} << 20);
    REQUIRE(self);
    Machine machine({File{"/bin/stranger", *self, 0755},
                     File{"/etc/zinit/zinit.toml", "socket_group = \"redis\"\n"},
                     // Replaces busybox's syslogd, so that zinit keeps /dev/log.
                     File{"/etc/zinit/system/syslogd.toml", "[service]\nexec = \"sleep 1000\"\n"},
                     service("victim",
                             "[service]\nexec = \"echo $NOTIFY_SOCKET >/tmp/address; sleep 1000\"\n"
                             "[readiness]\nnotify = 'systemd'\n"),
                     service("plain", "[service]\nexec = \"sleep 1000\"\n")});
    Terminal& shell = machine.shell();
    shell.repeat_until("test -s /tmp/address && echo there", "there");
    WHEN("that user sends such sockets to every socket of zinit's") {
      shell.output_of("stranger $(cat /tmp/address) >/tmp/sent &");
      shell.repeat_until("cat /tmp/sent", "done");
      THEN("zinit answers, restarts a service, takes lines, and powers the machine off") {
        machine.zinitctl("ping");
        const int before = machine.pid("plain");
        machine.zinitctl("restart plain");
        CHECK(machine.pid("plain") != before);
        // Repeated, and looked up in both logs: a sender that is gone when zinit receives belongs
        // to no service any more.
        shell.repeat_until("logger still heard; zinitctl logs syslog test-shell", "still heard");
        CHECK(machine.state("victim") == "starting");
        shell.send("zinitctl poweroff\n");
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
}

}  // namespace
}  // namespace zinit::vm::strangers
