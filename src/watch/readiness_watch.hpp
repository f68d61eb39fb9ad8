// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What ReadinessChecks keeps for each process. Only its own sources include this file.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "base/text.hpp"
#include "io/notify_socket.hpp"
#include "os/membership.hpp"
#include "watch/pidfile.hpp"
#include "watch/readiness.hpp"

namespace zinit {

// The pause after a lack of memory or descriptors.
inline constexpr Milliseconds kTryAgain{1000};

/// The channel by which a process can report. Made before the process's spawn.
struct ReadinessChecks::Channel final : SpawnPart {
  [[nodiscard]] int fd() const noexcept { return socket ? socket->fd() : line.get(); }

  std::optional<NotifySocket> socket;
  int queue_length = 0;  // the most messages that the kernel queues for the socket
  KeptFd line;           // the read end of a pipe, for a newline
  UniqueFd line_end;     // the process's end of the pipe; closed after the spawn
  FdStore::Entries handed_over;
  std::string said;     // the fact of the previous image's watch
  pid_t not_heard = 0;  // from the previous image: see note_not_heard()
  KeptFd main_process;  // pidfd of a main process that is no child
  PidFile pidfile;
  ProcessFacts::Number number = 0;  // of the process
  unsigned long long ticks = 0;     // clock ticks since boot, before the spawn
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
        // If the socket is lost, the process can give no sign of life.
        watchdog(channel->socket ? process->spec()->readiness->watchdog : Milliseconds{0}) {
    go_on_with(channel->said);
  }

  /// Takes what the previous process image heard from the process (keep_said()).
  void go_on_with(std::string_view said) {
    const auto parts = split(said, '\n');
    if (parts.size() != 3) return;
    const auto ms = parse_integer(parts[0]);
    if (ms && channel->socket) watchdog = Milliseconds(*ms);
    doing = parts[1];
    status = parts[2];
  }

  /// Whether `pid` is one of the service's processes.
  [[nodiscard]] bool owns(pid_t pid) const;
  /// When the process was started, in ticks since boot; nothing if there is none.
  [[nodiscard]] static std::optional<std::uint64_t> start_of(pid_t pid);

  /// Keeps `pidfd` for the next image, as the main process's.
  [[nodiscard]] KeptFd kept_main(UniqueFd pidfd) const noexcept {
    return {std::move(pidfd), {KeptKind::main_process, 0, process->slot}};
  }

  const CheckedProcessPtr process;
  const std::shared_ptr<Channel> channel;
  // Nothing: it was gone already. If a process of this number has started at another time, the
  // number was reused.
  const std::optional<std::uint64_t> launched_at = start_of(process->launched);

  // Used only by the loop's thread.
  bool listened = false;  // the channel is in the epoll set
  pid_t watched_main;     // main_pidfd or the reaper sees its end
  KeptFd main_pidfd;
  std::unique_ptr<TimerWatcher> timer;  // of the watchdog
  bool file_awaited;
  bool seeks = false;                      // a successor: CheckedProcess::successor_by()
  std::shared_ptr<PidFileLook> file_look;  // under way
  Offload::Ticket file_ticket;             // of file_look
  bool file_changed = false;               // another look is due
  std::optional<pid_t> file_pid;           // this and what follows: from the last look
  bool file_refused = false;
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
  pid_t not_heard = 0;            // last process whose READY=1 was ignored; 0: none
  bool watchdog_expired = false;  // and reported
  Milliseconds watchdog;
  bool watchdog_changed = false;  // by a message
  TimePoint last_sign{};
  std::string doing;  // "reloading", "stopping" or empty
  std::string status;
};

}  // namespace zinit
