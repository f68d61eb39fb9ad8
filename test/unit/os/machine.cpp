// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's effects on the machine, each in a namespace that touches nobody else.
#include <sys/utsname.h>

#include "base/fd.hpp"
#include "os/net.hpp"
#include "os/power.hpp"
#include "support/test.hpp"

namespace zinit::test::os_machine {
namespace {

std::string node_name() {
  utsname names{};
  ::uname(&names);
  return names.nodename;
}

/// How PID 1 of a new PID namespace ends when it asks for `action`: "signal N", or the refusal.
/// Affects only that namespace: a process that is not its PID 1 does nothing.
std::string end_of_namespace(PowerAction action) {
  return in_child([action]() -> std::string {
    if (::unshare(CLONE_NEWPID) != 0) return "no namespace";
    return in_child([action]() -> std::string {
      if (::getpid() != 1) return "not PID 1";
      return end_machine(action).text;
    });
  });
}

TEST_CASE("reboot ends the namespace as its parent is told", "[os][power][root]") {
  if (!test::may_unshare(CLONE_NEWPID)) return test::skip("needs root and namespaces");
  CHECK(end_of_namespace(PowerAction::reboot) == "signal " + std::to_string(SIGHUP));
  CHECK(end_of_namespace(PowerAction::power_off) == "signal " + std::to_string(SIGINT));
  CHECK(end_of_namespace(PowerAction::halt) == "signal " + std::to_string(SIGINT));
}

TEST_CASE("who may not touch the machine is told so", "[os][power]") {
  // Also in a PID namespace if possible, so that not even a mistake here does harm.
  const bool inside = test::may_unshare(CLONE_NEWPID);
  if (!inside && ::geteuid() == 0) return test::skip("needs namespaces");
  const auto ask = []() -> std::string {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "still root";
    return end_machine(PowerAction::reboot).text + "|" + take_ctrl_alt_del().error().text;
  };
  const std::string said = in_child([&]() -> std::string {
    if (!inside) return ask();
    return ::unshare(CLONE_NEWPID) == 0 ? in_child(ask) : "no namespace";
  });
  CHECK(said ==
        "cannot reboot the machine: Operation not permitted|"
        "cannot take Ctrl-Alt-Del: Operation not permitted");
}

TEST_CASE("loopback comes up, and may be up already; without the right it is an error",
          "[os][net][root]") {
  if (!test::may_unshare(CLONE_NEWNET)) return test::skip("needs root and namespaces");
  CHECK(in_child([]() -> std::string {
          if (::unshare(CLONE_NEWNET) != 0) return "no namespace";
          const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
          const auto up = [&] {
            ifreq request{};
            std::strcpy(request.ifr_name, "lo");
            ::ioctl(socket.get(), SIOCGIFFLAGS, &request);
            return std::string((request.ifr_flags & IFF_UP) != 0 ? " up" : " down");
          };
          std::string all = up();
          for (int twice = 0; twice < 2; ++twice) all += loopback_up() ? up() : " failed";
          return all;
        }) == " down up up");
  CHECK(in_child([]() -> std::string {
          if (::unshare(CLONE_NEWNET) != 0 || ::setresuid(65534, 65534, 65534) != 0) return "no";
          return loopback_up().error().text;
        }) == "cannot set up interface lo: Operation not permitted");
}

TEST_CASE("the machine is named by the first line of its file that says something",
          "[os][net][root]") {
  CHECK(parse_hostname("box") == "box");
  CHECK(parse_hostname("# comment\n\n  box.example  \nother\n") == "box.example");
  for (const char* nothing : {"", "\n# box\n"}) CHECK_FALSE(parse_hostname(nothing));
  if (!test::may_unshare(CLONE_NEWUTS)) return test::skip("needs root and namespaces");
  TempDir dir;
  dir.write("name", "test-box\n");
  dir.write("empty", "# nothing\n");
  dir.write("long", std::string(65, 'x'));
  CHECK(in_child([&]() -> std::string {
          if (::unshare(CLONE_NEWUTS) != 0) return "no namespace";
          std::string all = set_hostname(dir / "name").value() ? node_name() : "unset";
          for (const char* file : {"empty", "missing"})
            all += set_hostname(dir / file).value() ? " set" : " left";
          all += set_hostname(dir / "long").error().errnum == EINVAL ? " refused" : " taken";
          return all + " " + node_name();
        }) == "test-box left left refused test-box");
}

}  // namespace
}  // namespace zinit::test::os_machine
