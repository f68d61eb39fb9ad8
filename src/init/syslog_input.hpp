// Assigns messages of /dev/log to the logs of services.
//
// A message goes to the log of the service to which its sender belongs; the kernel names the
// sender. If the sender belongs to no service, or has ended before the message is read, it goes to
// the service whose name is the message's tag, or else to the log `syslog`. The tag is the sender's
// choice, so it counts only if the sender is root or the user that the service runs as: nobody can
// write to the log of another user's service. Messages of zinit itself, from a sink that is set to
// /dev/log, are dropped, since they would circulate for ever.
//
// Threads: messages come on the data loop's thread. It takes the board's lock for look-ups in maps,
// and reads /proc for senders that have left their session, at a limited rate.
#pragma once

#include <string>

#include "base/time.hpp"
#include "io/dev_log.hpp"
#include "io/log_store.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class SyslogInput {
 public:
  /// All outlive this, which is destroyed while no thread runs the loop.
  /// @param cgroups  those of the services; null if there are none.
  SyslogInput(EventLoop& loop, const Board& board, const CgroupTree* cgroups, LogStore& logs,
              StateFacts& facts);

  /// See DevLog.
  void start(KeptFd inherited, const FactMap& kept, LogLevel want) noexcept {
    dev_log_.start(std::move(inherited), kept, want);
  }
  /// To be called when a process has ended, which may have been a syslog daemon.
  void look() noexcept { dev_log_.look(); }
  /// To be called when a shutdown begins.
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
