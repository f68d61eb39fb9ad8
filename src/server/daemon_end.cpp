// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The end of a server: writes the last log lines, and removes what would outlive the server.
//
// Log files are written and closed before file systems are unmounted (server/start.cpp).
#include "base/log.hpp"
#include "base/text.hpp"
#include "machine/utmp.hpp"
#include "server/daemon.hpp"

namespace zinit {

namespace {

// The longest message to terminals, in bytes.
constexpr std::size_t kLongestMessage = 1000;

}  // namespace

bool ZinitDaemon::can_be_destroyed() {
  return loops_ended_ && board_.all_down() && !board_.busy() && !files_.busy() && !paths_.looks() &&
         !logs_.busy();
}

void ZinitDaemon::finish_logs() {
  if (shutdown_.kind() == PowerAction::halt)
    machine_watchdog_.disarm();
  else
    machine_watchdog_.feed();
  files_.await(kLastLines);
  logs_.read_pipes();  // while the data loop lets another thread take over from one that hangs
  start_.data_loop->loop().stop();  // it ends while the board does
  if (board_.all_down() && !board_.busy()) board_.end();
  loops_ended_ = start_.data_loop->stop(kLastTurns);
  if (!loops_ended_)
    return log_error("logs: the data loop does not answer; the last lines are lost");
  if (syslog_) syslog_->finish();
  if (start_.mode != Mode::system)
    if (const auto stand = shutdown_.stand())
      logs_.finish_consoles(Milliseconds{ms_between(Clock::now(), stand->until)});
  loops_ended_ = logs_.stop_reading(kLastLines);
  if (!loops_ended_)
    log_error("logs: a thread that reads output does not answer; the last lines are lost");
  logs_.finish(kLastLines);
}

void ZinitDaemon::remove_files() {
  readiness_.end();
  sockets_.end();
  proxies_.remove_files();
}

void ZinitDaemon::leave_cgroups() {
  // A switch of the root calls this with the board's lock held, but it never holds start_.lock.
  if (start_.lock.held() && board_.all_down()) start_.lock.remove();
  if (start_.cgroups) start_.cgroups->close();
}

void ZinitDaemon::tell_terminals(std::string text) {
  if (!is_first()) return;
  FileTask task;
  task.work = [text = printable(shortened(text, kLongestMessage))] { zinit::tell_terminals(text); };
  task.finish = [](const std::optional<Error>&) {};
  files_.add(std::move(task));
}

void ZinitDaemon::power(PowerAction action, const std::string& message, const std::string& asker) {
  if (action == PowerAction::shut_down && start_.mode == Mode::system)
    action = PowerAction::power_off;
  const std::string why =
      fmt::format("requested by {}{}{}", asker, message.empty() ? "" : ": ", message);
  tell_terminals(fmt::format("The system will {} now{}{}", power_action_text(action),
                             message.empty() ? "" : ": ", message));
  begin_shutdown(action, why);
}

}  // namespace zinit
