// What ReadinessChecks keeps for each process. Only its own sources include this.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/format.hpp"
#include "base/mutex.hpp"
#include "base/text.hpp"
#include "io/notify_socket.hpp"
#include "os/membership.hpp"
#include "watch/pidfile.hpp"
#include "watch/readiness.hpp"

namespace zinit {

// How long to wait after a lack of memory or descriptors before trying again.
inline constexpr Milliseconds kTryAgain{1000};

/// The key of the fact with the pid of a process that has said READY=1 and was not heard.
inline std::string not_heard_key(Slot slot) { return fmt::format("not_heard/{}", slot); }

/// The channel by which a process can report; made before its spawn.
struct ReadinessChecks::Channel final : SpawnPart {
  [[nodiscard]] int fd() const noexcept { return socket ? socket->fd() : line.get(); }

  std::optional<NotifySocket> socket;
  int queue_length = 0;  // messages that the kernel queues for the socket at most
  KeptFd line;           // the read end of a pipe, for a newline
  UniqueFd line_end;     // the process's end of it; closed after the spawn
  FdStore::Entries handed_over;
  std::string said;     // of the previous process image: the fact of its watch
  pid_t not_heard = 0;  // likewise: see note_not_heard()
  KeptFd main_process;  // and the pidfd of a main process that is no child
  PidFile pidfile;
  unsigned long long ticks = 0;  // clock ticks since boot, before the spawn
};

struct ReadinessChecks::Watch {
  Watch(CheckedProcessPtr of, std::shared_ptr<Channel> its_channel, Closer::Sender its_sender)
      : process(std::move(of)),
        channel(std::move(its_channel)),
        watched_main(process->launched),
        file_awaited(!channel->pidfile.path.empty() && !process->running()),
        sender(std::move(its_sender)),
        next_main(process->main_pid()),
        next_pidfd(std::move(channel->main_process)),
        // A process whose socket is lost can give no sign of life.
        watchdog(channel->socket ? process->spec()->readiness->watchdog : Milliseconds{0}) {
    go_on_with(channel->said);
  }

  /// Takes what the previous process image has heard of the process (keep_said()).
  void go_on_with(std::string_view said) {
    const auto parts = split(said, '\n');
    if (parts.size() != 3) return;
    if (const auto ms = parse_integer(parts[0])) watchdog = Milliseconds(*ms);
    doing = parts[1];
    status = parts[2];
  }

  /// Whether `pid` is one of the service's processes.
  [[nodiscard]] bool owns(pid_t pid) const;

  /// Has the next image find `pidfd` as that of the main process.
  [[nodiscard]] KeptFd kept_main(UniqueFd pidfd) const noexcept {
    return {std::move(pidfd), {KeptKind::main_process, 0, process->slot}};
  }

  const CheckedProcessPtr process;
  const std::shared_ptr<Channel> channel;

  // Used by the loop's thread only.
  bool listened = false;  // the channel is in the epoll set
  pid_t watched_main;     // whose end is seen: by main_pidfd, or by the reaper
  KeptFd main_pidfd;
  std::unique_ptr<TimerWatcher> timer;  // of the watchdog
  bool file_awaited;
  bool seeks = false;                      // a successor: CheckedProcess::successor_by()
  std::shared_ptr<PidFileLook> file_look;  // under way
  Offload::Ticket file_ticket;             // of that
  bool file_changed = false;               // another look is due
  std::optional<pid_t> file_pid;           // what follows: of the last look
  bool file_watched = false;
  int file_watch = -1;
  std::string file_name;
  TimePoint foreground_until = kNever;  // see stays_in_foreground()
  std::atomic<bool> complained{false};  // any thread

  Mutex mutex;                  // held while messages are handled; guards what follows
  const Closer::Sender sender;  // the service's: see too_much_to_close()
  std::string buffer;
  pid_t next_main;  // a new main process and its pidfd, until the loop's thread watches it
  KeptFd next_pidfd;
  bool ready = false;             // READY=1 was received
  pid_t not_heard = 0;            // of whom it was ignored last; 0: nobody
  bool watchdog_expired = false;  // and reported
  Milliseconds watchdog;
  bool watchdog_changed = false;  // by a message
  TimePoint last_sign{};
  std::string doing;  // "reloading", "stopping" or empty
  std::string status;
};

}  // namespace zinit
