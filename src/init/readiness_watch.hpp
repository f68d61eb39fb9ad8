// What ReadinessChecks keeps of each process. For its own sources.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "init/readiness.hpp"
#include "io/notify_socket.hpp"
#include "os/membership.hpp"

namespace zinit {

/// The pidfile of a service, and how it was before its process began: one that is the same still is
/// a process's of before.
struct PidFile {
  std::string path;  // as zinit sees it; empty: none
  bool rooted = false;
  ino_t inode = 0;
  timespec modified{};
  off_t size = -1;  // -1: it was not there

  [[nodiscard]] static PidFile of(const ServiceSpec& spec);
  /// The pid in it; nothing where it is not there, is no file, is stale or holds none.
  [[nodiscard]] std::optional<pid_t> read() const;
};

/// A file as it is known without asking a server for it: zeros where it is not.
struct FileId {
  std::uint64_t inode = 0;
  std::uint32_t major = 0, minor = 0;

  [[nodiscard]] static FileId of(int fd) noexcept;
  [[nodiscard]] bool operator==(const FileId&) const = default;
};

/// A descriptor that is kept.
struct ReadinessChecks::StoredFd {
  StoredFd(std::string its_name, UniqueFd its_fd, FileId its_id, std::shared_ptr<Closer> by)
      : name(std::move(its_name)), fd(std::move(its_fd)), id(its_id), closer(std::move(by)) {}
  ~StoredFd() { closer->close(std::move(fd)); }
  StoredFd(const StoredFd&) = delete;
  StoredFd& operator=(const StoredFd&) = delete;

  const std::string name;
  UniqueFd fd;
  const FileId id;
  const std::shared_ptr<Closer> closer;
};

struct ReadinessChecks::Gear final : CheckGear {
  std::optional<NotifySocket> socket;
  UniqueFd line;      // read end of a pipe, for a newline
  UniqueFd line_end;  // the process's, until it is spawned
  int queue = 0;      // how many messages the kernel keeps for the socket
  Stored handed_back;
  PidFile pidfile;
  unsigned long long ticks = 0;  // since boot, before the spawn
};

struct ReadinessChecks::Watch {
  Watch(CheckedProcessPtr of, std::shared_ptr<Gear> its_gear)
      : process(std::move(of)),
        gear(std::move(its_gear)),
        watched_main(process->launched),
        file_awaited(!gear->pidfile.path.empty() && !process->running()),
        watchdog(process->spec()->readiness->watchdog) {}

  /// Whether `pid` is one of the service's processes.
  [[nodiscard]] bool owns(pid_t pid) const;

  const CheckedProcessPtr process;
  const std::shared_ptr<Gear> gear;

  // The loop's.
  bool listened = false;
  pid_t watched_main;  // whose end is watched, or need not be
  UniqueFd main_pidfd;
  std::unique_ptr<TimerWatcher> timer;
  bool file_awaited;
  bool file_watched = false;
  int file_watch = -1;
  std::string file_name;
  TimePoint in_front_from = kNever;  // the spawned process, named by its pidfile, is the daemon
  std::atomic<bool> complained{false};

  Mutex mutex;  // one thread handles messages at a time; guards what follows
  const std::shared_ptr<const int> sender = std::make_shared<const int>(0);  // for the Closer
  std::string buffer;
  pid_t next_main = 0;  // a new main process, and what holds it until the loop watches that
  UniqueFd next_pidfd;
  bool ready = false;  // READY=1 has come
  bool bitten = false;
  Milliseconds watchdog;
  bool watchdog_changed = false;  // by the process
  TimePoint last_sign{};
  std::string doing;  // "reloading", "stopping" or nothing
  std::string status;
};

}  // namespace zinit
