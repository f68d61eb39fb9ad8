// Starting the emergency shell, and seeing its end.
#include "init/emergency.hpp"

#include <array>

#include "base/log.hpp"
#include "init/environment.hpp"
#include "os/process.hpp"
#include "os/spawn.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

constexpr const char* kLogin = "/sbin/sulogin";
constexpr std::array kShells = {kLogin, "/bin/sh"};

/// Where no entry says what root's password is, as in many an initramfs, sulogin ends at once, and
/// there is nothing for it to guard. A file that cannot be read now is no proof of that.
bool nothing_to_guard() {
  const auto root = look_up("0", {});
  return root && root->name.empty();
}

SpawnPlan plan_for(const char* program, const std::string& console,
                   const Environment& environment) {
  SpawnPlan plan;
  plan.program = program;
  plan.argv = {program};
  plan.env = environment;
  plan.tty = console;
  return plan;
}

/// What a login on a console has; the kernel gives init TERM where it knows one.
Environment shell_environment(const Environment& own) {
  return overlay(overlay({"TERM=linux", "SHELL=/bin/sh"}, own),
                 {"HOME=/root", fmt::format("PATH={}", kDefaultPath)});
}

}  // namespace

EmergencyShell::EmergencyShell(std::string console, const Environment& environment,
                               std::function<void()> ended)
    : console_(std::move(console)),
      environment_(shell_environment(environment)),
      ended_(std::move(ended)) {}

bool EmergencyShell::start(std::string_view why) {
  if (running()) return true;
  for (const char* program : kShells) {
    if (program == kLogin && nothing_to_guard()) continue;
    auto child = spawn(plan_for(program, console_, environment_));
    if (child) {
      pid_ = child->pid;
      log_warn("emergency shell: {}; {} on {}, exit leaves it", why, program, console_);
      return true;
    }
    log_debug("emergency shell: {}", child.error().text);
    if (program == kShells.back())
      log_error("emergency shell: {}; none can be had: {}", why, child.error().text);
  }
  return false;
}

bool EmergencyShell::child_ended(pid_t pid, const ProcessEnd& end) {
  if (pid != pid_) return false;
  pid_ = -1;
  reap(pid);
  log_info("emergency shell: {}", reason_text(reason_of_end(end)));
  ended_();
  return true;
}

}  // namespace zinit
