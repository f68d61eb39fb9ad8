// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// `make run`: boots the sample system, shows it at work, and leaves the user at its shell. Powers
// it off instead if standard input or output is not a terminal. Exit status 0 only if everything
// worked.

#include <unistd.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "base/format.hpp"
#include "vm/demo/hand_over.hpp"

using namespace zinit;
using namespace zinit::vm;

namespace {

/// In addition to the sample system: a shop that waits for a long count of its stock.
std::vector<File> something_that_waits() {
  return {{"/etc/zinit/services/stock.toml",
           "[service]\ndescription = \"counts the stock\"\nexec = \"sleep 600\"\noneshot = true\n"
           "status = \"stop\"\n"},
          {"/etc/zinit/services/shop.toml",
           "[service]\ndescription = \"sells\"\nexec = \"sleep 1000\"\nstatus = \"stop\"\n"
           "[dependencies]\nrequires = [\"stock\", \"redis\"]\n"}};
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// Prints the output of the machine's console without what only a terminal needs: the shell asks
/// for the position of the cursor, and the answer would go to the wrong place. Colours appear on a
/// terminal.
class Shown {
 public:
  void operator()(std::string_view text) {
    std::string plain;
    for (const char c : text) {
      if (!sequence_.empty() || c == kEscape) {
        sequence_ += c;
        if (!ends()) continue;
        if (c == 'm' && terminal_) plain += sequence_;
        sequence_.clear();
      } else if (c != '\r' || terminal_) {
        plain += c;
      }
    }
    print(plain);
  }

 private:
  static constexpr char kEscape = '\033';

  /// Whether the control sequence (ECMA-48: ESC [, parameters, a letter) is complete.
  [[nodiscard]] bool ends() const {
    const char last = sequence_.back();
    return sequence_.size() > 2 ? last >= '@' : sequence_.size() == 2 && last != '[';
  }

  bool terminal_ = ::isatty(STDOUT_FILENO) != 0;
  std::string sequence_;
};

void show_text(std::string_view text) {
  static Shown shown;
  shown(text);
}

void headline(std::string_view text) { print(fmt::format("\n=== {}\n", text)); }

/// Runs a command at the machine's console, shows both, and throws if the command fails.
std::string show(Vm& vm, const std::string& command) {
  print(fmt::format("# {}\n", command));
  const std::string output = vm.console().output_of(command);
  show_text(output);
  return output;
}

void expect(bool condition, std::string_view what) {
  if (!condition) throw std::runtime_error(fmt::format("this is not as it should be: {}", what));
}

/// Shows the boot from zinit's first line on; before it the kernel writes some pages.
void boot(Vm& vm, TimePoint switched_on) {
  headline("the sample system boots; PID 1 is zinit");
  vm.console().wait_for("zinit: version");
  const std::string& text = vm.console().text();
  show_text(std::string_view(text).substr(text.rfind('\n', text.find("zinit: version")) + 1));
  vm.console().watch(show_text);
  vm.log_in();
  vm.console().watch({});
  const auto seconds = static_cast<double>(ms_between(switched_on, Clock::now())) / 1000;
  print(fmt::format("\n{:<10}{:.1f} s\n", "boot", seconds));
  vm.console().output_of("zinitctl wait multi-user --for running --timeout 30");
}

/// Whether the kernel shows log lines, zinit's too, on the console. Off while commands run there,
/// because the lines would mix with their output.
void show_log_on_console(Vm& vm, bool show) {
  vm.console().output_of(show ? "dmesg -n 8" : "dmesg -n 1");
}

/// redis counts as running once it is executed, and answers a moment later.
void ping(Vm& vm) {
  vm.console().repeat_until("redis-cli ping", "PONG");
  show(vm, "redis-cli ping");
}

void look_around(Vm& vm) {
  headline("what there is");
  const std::string list = show(vm, "zinitctl list");
  expect(list.find("redis") != std::string::npos, "list shows no redis");
  show(vm, "zinitctl tree multi-user");
  ping(vm);
}

void wait_for_something(Vm& vm) {
  headline("why something waits");
  show(vm, "zinitctl start --no-wait shop");
  expect(show(vm, "zinitctl why shop").find("stock") != std::string::npos, "why names no stock");
  show(vm, "zinitctl stop shop stock");
}

std::string pid_of_redis(Vm& vm) { return vm.console().output_of("pidof redis-server"); }

void crash(Vm& vm) {
  headline("a crash and the re-spawn");
  const std::string before = pid_of_redis(vm);
  show(vm, "kill -9 $(pidof redis-server)");
  vm.console().repeat_until("zinitctl status redis", "SIGKILL");  // not the delay, which is short
  show(vm, "zinitctl list redis");
  show(vm, "zinitctl wait redis --for running --timeout 30");
  show(vm, "dmesg | grep 'zinit: redis'");
  expect(show(vm, "zinitctl status redis").find("SIGKILL") != std::string::npos,
         "status reports no SIGKILL");
  expect(pid_of_redis(vm) != before, "redis has its old pid");
  ping(vm);
}

void power_off(Vm& vm) {
  headline("power off");
  vm.console().watch(show_text);
  vm.console().send("poweroff\n");
  vm.console().wait_for("reboot: Power down");
  expect(vm.wait_for_end() == 0, "QEMU failed");
  print("\n");
}

/// @return  false if there is no user to stay with
bool stay(Vm& vm) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) return false;
  headline("the machine is yours: `poweroff` ends it, Ctrl-] switches it off at once");
  const bool ended = hand_over(vm);
  print(ended ? "\n" : "\r\nswitched off\n");
  return true;
}

}  // namespace

int main() {
  try {
    const TimePoint switched_on = Clock::now();
    Vm vm({.files = something_that_waits()});
    boot(vm, switched_on);
    show_log_on_console(vm, false);
    look_around(vm);
    wait_for_something(vm);
    crash(vm);
    show_log_on_console(vm, true);
    if (!stay(vm)) power_off(vm);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "\n%s\n", error.what());
    return 1;
  }
}
