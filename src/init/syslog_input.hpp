// Messages of /dev/log on their way to logs: whose a message is, and how it reads there.
//
// It goes to the log of the service that its sender belongs to, as the kernel tells; of a sender
// that is no service's, or has ended before its message is read, to the service whose name is the
// message's tag; else to the log named `syslog`. So no process of a service that is still there can
// write as another, but whoever is no service's can: a tag is what the sender likes. What zinit
// itself has sent, a sink that is set to /dev/log, is thrown away: it would go round for ever.
//
// Threads: messages come on the data loop, which takes the board's lock for looks into maps, and
// reads /proc of a sender that has left its session, once in a while.
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
  /// @param cgroups  of the services; null: none are to be had.
  SyslogInput(EventLoop& loop, const Board& board, const CgroupTree* cgroups, LogStore& logs);

  void start() noexcept { dev_log_.start(); }
  /// After changes of the board and ends of processes: one may have been a syslog daemon.
  void look() noexcept { dev_log_.look(); }
  void finish() noexcept { dev_log_.finish(); }

 private:
  void take(pid_t sender, std::string_view bytes);

  [[nodiscard]] const std::string& owner_of(pid_t pid);
  [[nodiscard]] std::string find_owner(pid_t pid) const;

  const Board& board_;
  const CgroupTree* const cgroups_;
  LogStore& logs_;
  pid_t last_sender_ = 0;   // whose owner is known
  std::string last_owner_;
  TimePoint last_until_{};
  DevLog dev_log_;
};

}  // namespace zinit
