// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's re-execution in the same process: the command line of the program, the inheritance from
// the previous process image, and the execve(2). ZinitDaemon decides when and whether to do it.
//
// This room holds what zinit needs to survive its own end: this file for a request, last_resort.hpp
// for a crash, adoption.hpp for services whose records are missing. server/daemon_reexecution.cpp
// describes the whole way.
//
// The next process image gets the number of the list of kept descriptors in ZINIT_INHERITS, which
// it takes out of its environment, and makes an Inheritance of it. Each part takes its own
// descriptors from there. A descriptor that nobody takes is closed last.
#pragma once

#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"
#include "base/time.hpp"
#include "files/file_queue.hpp"
#include "io/watcher.hpp"
#include "os/process.hpp"
#include "state/kept_descriptors.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// Which program to execute.
enum class NextImage : std::uint8_t {
  same,       // the running program, even if its file was replaced
  installed,  // the program that is at its path now
};

/// Remembers `argv`, which stays valid, for the next process image. Called by main().
void remember_command_line(char** argv) noexcept;

/// Takes the previous process image's inheritance, and its variable out of the environment. Nothing
/// in the first image of the process. Call it on the main thread, before other threads start.
[[nodiscard]] std::optional<Inheritance> take_inheritance();

/// Opens the running program for execute_again(), and finds its path. Needs /proc. Main thread.
/// @param first  whether this is the first process image.
[[nodiscard]] Result<void> find_own_program(bool first);

/// The path of NextImage::installed: the path by which the first process image was executed, with
/// its symbolic links, if it is absolute and leads to the program; otherwise the path of the file
/// itself (getauxval(3), AT_EXECFN; proc_pid_exe(5)). Empty if it was not found.
[[nodiscard]] const std::string& installed_program() noexcept;
/// Replaces the path: by the first process image's, or after a change of the root. No other thread
/// may read the path meanwhile.
void set_installed_program(std::string path);

/// Runs the installed program as `zinit-server --self-check OPTIONS`: the program must load, know
/// the version of the journal, and be able to read the configuration. Blocks for at most
/// kSelfCheck. Any thread; the reaper reaps the child.
/// @param silent  set to the child's pid if it has ended without output.
/// @return  why zinit may not execute the program
[[nodiscard]] Result<void> check_installed_program(const std::vector<std::string>& options,
                                                   pid_t& silent);
/// The whole output of a successful self-check.
inline constexpr std::string_view kSelfCheckPassed = "passed";

/// How long check_installed_program() waits.
inline constexpr Milliseconds kSelfCheck{10'000};

/// Prepares the arguments and the environment of the next process image; they are those of this
/// one. Afterwards zinit can re-execute itself at any time. Call it on the main thread, after the
/// list of kept descriptors was made.
void prepare_execution();
/// Whether prepare_execution() has been called and the program is known. Async-signal-safe.
[[nodiscard]] bool can_execute() noexcept;

/// Executes the program. Descriptors in the list of kept ones stay open. Returns only on failure;
/// nothing has changed then. (execveat(2))
[[nodiscard]] Error execute_again(NextImage which);

/// Executes another program, which finds the process as the kernel starts PID 1: with `environment`
/// and the kernel's words, but without zinit's changes to signals, limits (`nofile`, if known),
/// Ctrl-Alt-Del and the standard streams. Returns only on failure.
[[nodiscard]] Error execute_stranger(const std::string& program, const Environment& environment,
                                     const std::optional<rlimit>& nofile);

/// Like execute_again() for the running program, in the handler of a fault. @return  errno
/// Async-signal-safe.
[[nodiscard]] int execute_after_fault() noexcept;

/// The longest wait for current launches and file tasks to end, and the time between two checks.
inline constexpr Milliseconds kLaunchesEnd{5000};
/// The longest wait for the file queue: a name server may take 10 s for each name.
inline constexpr Milliseconds kFilesEnd{60'000};
inline constexpr Milliseconds kLookAgain{2};
/// Why an execution is given up after kLaunchesEnd.
inline constexpr std::string_view kNotStill =
    "a launch, or the writing of log lines, has not ended";

/// The steps to a re-execution: check the installed program, begin no more launches, wait until no
/// launch is under way, and execute the program.
///
/// Threads: the control loop's thread only.
class Reexecution {
 public:
  using Done = std::function<void(const RequestResult<void>&)>;

  /// @param check    options of a self-check.
  /// @param under_way  returns what, except for the board, is not between two steps; if `late` only
  ///                 what seems to hang; empty: nothing
  /// @param execute  executes the program while no launch is under way; returns on failure.
  Reexecution(EventLoop& loop, Board& board, FileQueue& files, std::vector<std::string> check,
              std::function<std::string(bool late)> under_way,
              std::function<void(NextImage)> execute);

  /// Begins; `done` is called just before the execution, or with the reason for its failure.
  void begin(NextImage which, Done done);

  /// Reports the end of a child, perhaps of the self-check. Call it before the child is reaped.
  void child_ended(const EndedProcess& ended) noexcept;

 private:
  struct Asked {
    NextImage which;
    Done done;
    std::shared_ptr<std::atomic<bool>> given_up;  // shared with its task in the file queue
    TimePoint until{};  // the wait for launches ends then; none: its task has not ended
  };

  void hold();
  void look();
  void refuse(Refusal refusal, std::string text);
  [[nodiscard]] std::string how_ended(pid_t child) const;

  Board& board_;
  FileQueue& files_;
  const std::vector<std::string> check_;
  const std::function<std::string(bool late)> under_way_;
  const std::function<void(NextImage)> execute_;
  std::optional<Asked> asked_;
  std::array<EndedProcess, 64> ended_;  // the last ones: the self-check's pid becomes known late
  std::size_t ends_ = 0;
  TimerWatcher again_;
};

}  // namespace zinit
