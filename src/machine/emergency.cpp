// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts the emergency shell, and notices its end.
#include "machine/emergency.hpp"

#include <array>
#include <utility>

#include "base/log.hpp"
#include "config/environment.hpp"
#include "os/process.hpp"
#include "os/users.hpp"

namespace zinit {

namespace {

constexpr const char* kLogin = "/sbin/sulogin";
constexpr std::array kShells = {kLogin, "/bin/sh"};

constexpr Milliseconds kTryAgain{500};

/// Whether root has no entry with a password, as in many an initramfs: sulogin would exit at once.
/// If the file cannot be read now, a password is assumed.
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

/// The environment of a login on the console. If the kernel knows TERM, it passes TERM to init.
Environment shell_environment(const Environment& own) {
  return overlay(overlay({"TERM=linux", "SHELL=/bin/sh"}, own),
                 {"HOME=/root", fmt::format("PATH={}", kDefaultPath)});
}

}  // namespace

EmergencyShell::EmergencyShell(EventLoop& loop, std::string console, const Environment& environment,
                               Over over, Spawn spawn)
    : console_(std::move(console)),
      environment_(shell_environment(environment)),
      over_(std::move(over)),
      spawn_(std::move(spawn)),
      again_(loop, [this] { ask(); }),
      spawned_(loop, [this] { on_spawned(); }),
      spawns_({.name = "zinit-shell"}, [this] { spawned_.ask(); }) {}

EmergencyShell::~EmergencyShell() {
  if (starter_) (void)spawns_.await(starter_);
}

void EmergencyShell::start(std::string_view why) {
  if (running()) return;
  why_ = why;
  told_ = given_up_ = false;
  ask();
}

void EmergencyShell::ask() {
  starter_ = spawns_.ask([this] { spawn_first(); });
  const auto outcome = spawns_.outcome(starter_);
  if (!outcome || *outcome) return;
  starter_.reset();
  failed(outcome->error());
}

void EmergencyShell::failed(const Error& fault) {
  const bool again = fault.temporary() && !given_up_;
  if (!again || !std::exchange(told_, true))
    log_error("{}; the emergency shell cannot be started{}: {}", why_,
              again ? " yet, and is tried again" : "", fault.text);
  again ? again_.set(kTryAgain) : over_(false);
}

/// On another thread: spawns the first shell that works. A lack of processes or memory is no reason
/// to give a shell without a password.
void EmergencyShell::spawn_first() {
  for (const char* program : kShells) {
    if (program == kLogin && nothing_to_guard()) continue;
    outcome_ = {spawn_(plan_for(program, console_, environment_)), program};
    if (outcome_.child || outcome_.child.error().temporary()) return;
    log_debug("emergency shell: {}", outcome_.child.error().text);
  }
}

void EmergencyShell::on_spawned() {
  if (!starter_ || !spawns_.outcome(starter_)) return;
  starter_.reset();
  Outcome outcome;
  std::swap(outcome, outcome_);
  if (!outcome.child) return failed(outcome.child.error());
  set_pid(outcome.child->pid);
  log_warn("emergency shell: {}; {} runs on {}; `exit` ends it", why_, outcome.program, console_);
  // A shell that has ended already was reaped as an unknown child, before its pid was known here.
  const auto there = signal_process(outcome.child->pidfd.get(), pid_, 0);
  if (!there && there.error().errnum == ESRCH) end("has ended");
}

bool EmergencyShell::child_ended(pid_t pid, const ProcessEnd& ended) {
  if (pid != pid_) return false;
  reap(pid);
  end(reason_text(reason_of_end(ended)));
  return true;
}

void EmergencyShell::set_pid(pid_t pid) {
  pid_ = pid;
  changed_();
}

void EmergencyShell::end(std::string_view how) {
  set_pid(-1);
  log_info("emergency shell: {}", how);
  over_(true);
}

}  // namespace zinit
