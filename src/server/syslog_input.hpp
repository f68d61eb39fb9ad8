// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Assigns messages of /dev/log to the logs of services.
//
// A message goes to the log of its sender's service; the kernel identifies the sender. If the
// sender belongs to no service, or has ended before the message is read, the message goes to the
// service whose name is its tag, or otherwise to the log `syslog`. The sender chooses the tag, so
// it counts only if the sender is root or the user of that service: nobody can write to the log of
// another user's service. zinit drops its own messages, from a sink set to /dev/log, because they
// would circulate for ever.
//
// Threads: messages come on the data loop's thread. It takes the board's lock for look-ups in maps.
// It reads /proc, at a limited rate, for senders that have left their session.
#pragma once

#include <string>

#include "base/time.hpp"
#include "io/dev_log.hpp"
#include "io/log_store.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class SyslogInput {
 public:
  /// All parameters outlive this. Destroy it while no thread runs the loop.
  /// @param cgroups  of the services; null: no cgroups.
  SyslogInput(EventLoop& loop, const Board& board, const CgroupTree* cgroups, LogStore& logs,
              StateFacts& facts);

  /// See DevLog.
  void start(KeptFd inherited, const FactMap& kept, LogLevel want) noexcept {
    dev_log_.start(std::move(inherited), kept, want);
  }
  /// Call it when a process has ended, because it may have been a syslog daemon.
  void look() noexcept { dev_log_.look(); }
  /// Call it when a shutdown begins.
  void unwatch() noexcept { dev_log_.unwatch(); }
  void finish() noexcept { dev_log_.finish(); }

 private:
  void take(const ucred& sender, std::string_view bytes);
  [[nodiscard]] Slot log_of(const ucred& sender, std::string_view tag);

  [[nodiscard]] const std::string& owner_of(pid_t pid);
  [[nodiscard]] std::string find_owner(pid_t pid) const;

  const Board& board_;
  const CgroupTree* const cgroups_;
  LogStore& logs_;
  pid_t last_sender_ = 0;  // last_owner_ is its service, until last_until_
  std::string last_owner_;
  TimePoint last_until_{};
  DevLog dev_log_;
};

}  // namespace zinit
