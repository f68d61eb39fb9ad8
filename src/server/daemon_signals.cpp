// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals: zinit follows them, or passes them on to the command of a container. SIGCHLD reports the
// ends of children.
//
// Reaping. zinit asks waitid(WNOWAIT) who has ended, finds the owner under the board's lock, and
// reaps only then. It begins with the child that SIGCHLD names: a question about all children looks
// at each of them, 0.15 ms with 1,000, and a service is launched again before that. One SIGCHLD may
// stand for several children, so zinit then asks about all, for kTurn in each turn of the loop. If
// that is not enough, as in a storm of orphans among thousands that live, it asks the pidfds of the
// services' own processes, all in one poll(2). An end that comes before its spawner has noted the
// pid is kept for the launches under way (supervisor/ends.cpp).
#include <algorithm>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "os/process.hpp"
#include "server/daemon.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

// How long zinit reads signals, or reaps children, before the loop serves others. With ten thousand
// children, a single question about all of them takes longer than this.
constexpr Milliseconds kTurn{1};
constexpr Milliseconds kReapLater{100};
constexpr Milliseconds kLookAtUnexecuted{250};

}  // namespace

/// Signals beyond one turn wait in the descriptor.
void ZinitDaemon::on_signals() {
  const TimePoint until = after(Clock::now(), kTurn);
  do {
    const auto signal = next_signal(signals_.get());
    if (!signal) return;
    on_signal(*signal);
  } while (Clock::now() < until);
}

void ZinitDaemon::on_signal(const PendingSignal& pending) {
  const int signal = pending.number;
  if (signal == SIGCHLD) {
    reap_more_.ask();
    return reap_one(pending.sender);
  }
  const bool known = pending.by_process && pending.sender != 0;
  const std::string program = known ? program_of(pending.sender) : std::string();
  const std::string origin = origin_text(pending, program);
  if (const auto meant = meaning_of_applet(signal, program, start_.mode))
    return follow(*meant, signal, origin);
  SignalMeaning meaning = meaning_of(signal, start_.mode, settings_.ctrl_alt_del);
  if (start_.passes_signals_on) {
    if (stops_command(signal)) meaning = SignalMeaning::shut_down;
    if (pass_on(signal, meaning, origin)) return;
  }
  follow(meaning, signal, origin);
}

bool ZinitDaemon::stops_command(int signal) const {
  const auto command = board_.view(kCommandName);
  return command && command->spec->lifecycle.stop_signal == signal;
}

/// Sends the command of a container what it would get as process 1.
/// @return  false if zinit must follow the signal itself: the command is not there to end by it, or
///          a shutdown has begun.
bool ZinitDaemon::pass_on(int signal, SignalMeaning meaning, const std::string& origin) {
  const bool stops = meaning == SignalMeaning::shut_down;
  const auto sent = board_.kill(kCommandName, signal, KillWhat::main);
  if (sent) {
    log_info("{}: passed on to {}", origin, kCommandName);
    if (stops) wake_command();
    if (stops && !shutdown_.begun()) ask_to_end(signal);
    return !shutdown_.begun();
  }
  if (shutdown_.begun() || stops) return false;
  log_info("{}: not passed on: {}", origin, sent.error().text);
  return true;
}

/// A stopped process handles only SIGKILL. A running one gets no SIGCONT, because nobody sent it.
void ZinitDaemon::wake_command() {
  const auto process = read_process_stat(board_.main_process(kCommandName));
  if (process && process->state == 'T')
    static_cast<void>(board_.kill(kCommandName, SIGCONT, KillWhat::main));
}

/// Notes that the container ends with its command. A program may use SIGINT or SIGQUIT for another
/// purpose, as a JVM does, and end much later for another reason.
void ZinitDaemon::ask_to_end(int signal) {
  const bool sure = signal == SIGTERM || stops_command(signal);
  end_asked_until_ = sure ? kNever : after(Clock::now(), shutdown_timeout());
  keep_facts();
}

/// Whether the container ends with this process, whose end the board does not know yet. A command
/// that its `restart` would start again, or that a request is stopping, does not end the container
/// by itself.
bool ZinitDaemon::ends_container(pid_t ended) const {
  if (!end_asked_until_ || Clock::now() > *end_asked_until_ || shutdown_.begun()) return false;
  if (board_.main_process(kCommandName) != ended) return false;
  const auto command = board_.view(kCommandName);
  return command->spec->lifecycle.restart != RestartPolicy::never ||
         command->record.state == State::stopping;
}

void ZinitDaemon::follow(SignalMeaning meaning, int signal, const std::string& origin) {
  switch (meaning) {
    case SignalMeaning::reap: return;
    case SignalMeaning::power_off:
      return on_shutdown_signal(PowerAction::power_off, signal, origin);
    case SignalMeaning::reboot: return on_shutdown_signal(PowerAction::reboot, signal, origin);
    case SignalMeaning::halt: return on_shutdown_signal(PowerAction::halt, signal, origin);
    case SignalMeaning::shut_down:
      return on_shutdown_signal(PowerAction::shut_down, signal, origin);
    case SignalMeaning::reload:
      log_info("{}", origin);
      if (!shutdown_.begun()) return reload_by_signal();
      logs_.reopen_files();
      return;
    case SignalMeaning::reexecute:
    case SignalMeaning::live_update:
      log_info("{}", origin);
      if (shutdown_.begun()) return;
      return reexecute(meaning == SignalMeaning::live_update,
                       [name = signal_name(signal)](const RequestResult<void>& done) {
                         if (!done) log_error("{}: no re-execution: {}", name, done.error().text);
                       });
    case SignalMeaning::ignored: return ignore(signal, origin);
  }
}

/// Logs each signal once, with what the sender may have meant.
void ZinitDaemon::ignore(int signal, const std::string& origin) {
  const std::uint64_t bit = std::uint64_t{1} << (signal - 1);
  if (is_job_control(signal) || (told_signals_ & bit) != 0) return;
  told_signals_ |= bit;
  keep_facts();
  log_info("{}: ignored; {}", origin, known_signals_text(start_.mode, settings_.ctrl_alt_del));
}

void ZinitDaemon::on_shutdown_signal(PowerAction kind, int signal, const std::string& origin) {
  if (shutdown_.begun()) {
    if (hurries(signal)) shutdown_.hurry(origin);
    return;
  }
  // A command that has not begun would have ended by the signal.
  if (start_.passes_signals_on && !exit_code_ && board_.main_process(kCommandName) == 0)
    exit_code_ = exit_code_of_signal(signal);
  begin_shutdown(kind, origin);
}

/// Nothing if the command has not ended.
std::optional<int> ZinitDaemon::code_of_command() const {
  const auto view = board_.view(kCommandName);
  if (!view || !view->record.has_end) return std::nullopt;
  return exit_code_of(view->record);
}

void ZinitDaemon::tell_ended(const EndedProcess& ended) {
  kill_point("reap.before");
  reexecution_.child_ended(ended);
  if (ends_container(ended.pid))  // before the board knows: it might restart the command
    begin_shutdown(PowerAction::shut_down,
                   fmt::format("{} has ended after a signal to stop", kCommandName));
  if (!shell_.child_ended(ended.pid, ended.end)) board_.child_ended(ended.pid, ended.end);
  kill_point("reap.after");
}

void ZinitDaemon::reap_one(pid_t child) {
  if (const auto ended = ended_child(child)) tell_ended(*ended);
}

bool ZinitDaemon::reap_some() {
  const TimePoint until = after(Clock::now(), kTurn);
  do {
    const auto ended = next_ended();
    if (!ended) return false;
    tell_ended(*ended);
  } while (Clock::now() < until);
  return true;
}

/// One SIGCHLD may stand for several children, so zinit asks about all of them; with 1,000 services
/// the question takes as long as a launch. The child that the signal names is reaped before. If
/// orphans end faster than zinit finds them among the living, the look would never end. So it has a
/// time limit, and zinit looks at the services' own processes separately.
void ZinitDaemon::reap_ended() {
  reap_later_.set(kReapLater);  // if the rest throws: there may be no further SIGCHLD
  const bool more = reap_some();
  if (more) std::ranges::for_each(board_.perhaps_ended(), [this](pid_t pid) { reap_one(pid); });
  forget_ended_disposals();
  reap_later_.stop();
  if (more) reap_more_.ask();
  if (!start_.sources.command.empty()) continue_command();
  shutdown_.look();  // it may have waited for this process
  if (syslog_) syslog_->look();
}

/// Launches that hung while a crash replaced the process image that awaited them: the kernel
/// reports their end only once they have executed.
void ZinitDaemon::look_at_unexecuted() {
  std::erase_if(unexecuted_, [this](pid_t pid) {
    if (!is_unexecuted_child(pid)) return true;
    const auto ended = ended_unexecuted(pid);
    if (ended) tell_ended(*ended);
    return ended.has_value();
  });
  if (!unexecuted_.empty()) unexecuted_again_.set(kLookAtUnexecuted);
}

/// Ctrl-Z at the terminal of a container stops its command, unless it is a shell. Nobody could
/// continue the command, and the terminal would be dead.
void ZinitDaemon::continue_command() {
  const auto view = board_.view(kCommandName);
  if (!view || stop_signal_of(view->main_pid) != SIGTSTP) return;
  if (const auto sent = board_.kill(kCommandName, SIGCONT, KillWhat::group); !sent)
    return log_warn("{}: stopped by Ctrl-Z: {}", kCommandName, sent.error().text);
  log_info("{}: continued after Ctrl-Z, because no shell here could continue it", kCommandName);
}

}  // namespace zinit
