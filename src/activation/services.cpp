// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Answers for proxies and sockets about their services, from the board. See services.hpp.
#include "activation/services.hpp"

#include <sys/wait.h>

#include "base/format.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"

namespace zinit {

ServiceAccess::Stand BoardServices::stand(const std::string& service) {
  const auto brief = board_.brief(service);
  if (!brief) return Stand::unknown;
  if (brief->done) return Stand::done;
  if (brief->runs && brief->wish == Wish::up) return Stand::up;
  return brief->settled && at_rest(brief->state) ? Stand::off : Stand::coming;
}

bool BoardServices::wanted(const std::string& service) {
  const auto brief = board_.brief(service);
  return brief && brief->wish == Wish::up;
}

bool BoardServices::failed(const std::string& service) {
  const auto brief = board_.brief(service);
  return brief && (brief->state == State::failed || brief->skipped);
}

void BoardServices::start(const std::string& service, const std::string& why) {
  const auto brief = board_.brief(service);
  if (!brief || brief->ignored || board_.shutting_down()) return;
  if (brief->wish == Wish::up && !at_rest(brief->state)) return;
  board_.log(LogLevel::info, fmt::format("{}: started by {}", service, why));
  board_.start_by_trigger(service);  // not if a shutdown or a deletion began, or it is gone
}

void BoardServices::stop_idle(const std::string& service, std::chrono::seconds idle) {
  const auto brief = board_.brief(service);
  if (!brief || brief->wish == Wish::down || brief->needed) return;
  board_.log(LogLevel::info,
             fmt::format("{}: stopped after {} s without a connection", service, idle.count()));
  (void)board_.stop(service);
}

bool BoardServices::retry(const std::string& service, const std::string& why) {
  return board_.retry(service, why);
}

pid_t BoardServices::process(const std::string& service) {
  const auto brief = board_.brief(service);
  return brief && brief->has_process ? brief->main_pid : -1;
}

TimePoint BoardServices::up_since(const std::string& service) {
  const auto brief = board_.brief(service);
  return brief && brief->runs && brief->wish == Wish::up ? brief->ready_at : kNever;
}

bool BoardServices::killed(const std::string& service) {
  const auto brief = board_.brief(service);
  if (!brief || brief->main_pid == 0) return brief && brief->killed;
  // The kernel closes a process's files before it reports the end to the parent.
  const auto stat = read_process_stat(brief->main_pid);
  return stat ? (stat->exiting || stat->zombie()) && WIFSIGNALED(stat->exit_status) : false;
}

}  // namespace zinit
