// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Asks the zinit of a virtual machine by zinitctl, in its shell on the second line.
#include "vm/machine.hpp"
#include "base/fd.hpp"
#include "base/format.hpp"

namespace zinit::vm {

File service(const std::string& name, const std::string& text) {
  return {"/etc/zinit/services/" + name + ".toml", text};
}

std::string file_of_image(const std::string& name) {
  const auto content = read_file(("build/vm/" + name).c_str(), std::size_t{64} << 20);
  if (!content) throw std::runtime_error(content.error().text);
  return *content;
}

namespace {

VmOptions with_shell(VmOptions options) {
  options.shell = options.disks.empty();
  return options;
}

}  // namespace

Machine::Machine(VmOptions options) : Vm(with_shell(std::move(options))) {
  console().wait_for("login: ");
}

Machine::Machine(std::vector<File> files) : Machine(VmOptions{.files = std::move(files)}) {
  zinitctl("wait multi-user --for running --timeout 120");
}

JsonDocument Machine::ask(const std::string& arguments) {
  const Answer answer = shell().run("zinitctl --json " + arguments);
  constexpr int kNotRunning = 3;  // of `status`, which has answered nevertheless
  JsonDocument document;
  document.Parse<kJsonParse>(answer.output);
  if ((answer.code != 0 && answer.code != kNotRunning) || document.HasParseError())
    throw std::runtime_error("zinitctl --json " + arguments + ": " + answer.output);
  return document;
}

std::string Machine::zinitctl(const std::string& arguments) {
  return shell().output_of("zinitctl " + arguments);
}

std::string Machine::state(const std::string& name) {
  return ask("status " + name)["state"].GetString();
}

void Machine::load_watchdog(const std::string& options) {
  shell().output_of("insmod /lib/watchdog.ko && insmod /lib/softdog.ko " + options);
  shell().repeat_until("grep -x active /sys/class/watchdog/watchdog0/state", "active");
}

int Machine::pid(const std::string& name) { return ask("status " + name)["pid"].GetInt(); }

void Machine::switch_root() {
  shell().send("zinitctl switch-root /new\n");
  console().wait_for("continues, system mode");
  shell().wait_for("built-in shell (ash)");
  console().wait_for("inside login: ");
}

bool no_disk_images() { return ::geteuid() != 0; }

void let_pass(Terminal& shell, int seconds) {
  const double begun = std::stod(shell.output_of("cat /proc/uptime"));
  shell.repeat_until(fmt::format("awk '{{ print ($1 > {}) }}' /proc/uptime", begun + seconds), "1");
}

void power_off(Vm& machine) {
  machine.shell().send("zinitctl poweroff\n");
  machine.console().wait_for("reboot: Power down");
  CHECK(machine.wait_for_end() == 0);
}

void leave_emergency_shell(Vm& machine) { machine.console().send("sleep 2; exit\n"); }

void make_root(Terminal& shell) {
  shell.output_of(
      "mkdir /new && mount -t tmpfs -o size=240m new /new && cp -a /bin /etc /lib* /sbin /usr "
      "/var /root /new/ && mkdir /new/tmp && echo inside > /new/etc/hostname");
}

bool in_order(const std::string& text, const std::vector<std::string>& words) {
  size_t at = 0;
  for (const std::string& word : words) {
    at = text.find(word, at);
    if (at == std::string::npos) return false;
  }
  return true;
}

}  // namespace zinit::vm
