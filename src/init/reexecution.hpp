// Executing zinit anew in the same process: how the program was started, what the previous process
// image has left, and the execve(2) itself. When and whether is up to ZinitDaemon.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.hpp"
#include "base/time.hpp"
#include "init/file_queue.hpp"
#include "io/watcher.hpp"
#include "os/kept_descriptors.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// Which program to execute.
enum class NextImage : std::uint8_t {
  same,       // the running one, whatever is at its path now
  installed,  // the one that is at its path now
};

/// Remembers `argv`, which stays valid, for the next image. Called by main().
void remember_command_line(char** argv) noexcept;

/// What the previous process image has left; nothing if this is the first image of the process.
/// Takes the variable that says so out of the environment. Main thread, before others start.
[[nodiscard]] std::optional<Inheritance> take_inheritance();

/// Opens the running program for execute_again(), and finds its path. Needs /proc. Main thread.
/// @param first  whether this is the first image.
[[nodiscard]] Result<void> find_own_program(bool first);

/// The path of NextImage::installed: that which the first image was executed by, with its symbolic
/// links, if it is absolute and led to the program; else that of the file itself (getauxval(3),
/// AT_EXECFN; proc_pid_exe(5)). Empty if it was not found.
[[nodiscard]] const std::string& installed_program() noexcept;
/// Replaces it: by what the first image has found, or where the root has changed. While no other
/// thread runs that asks for it.
void set_installed_program(std::string path);

/// Runs the installed program as `zinit-server --self-check OPTIONS`: it must load, know the
/// version of the journal, and be able to read the configuration. @return  why it may not be
///          executed
/// Blocks for kSelfCheck at most. Any thread; the child is reaped by the reaper.
/// @param silent  set to its pid if it has ended and said nothing.
[[nodiscard]] Result<void> check_installed_program(const std::vector<std::string>& options,
                                                   pid_t& silent);
/// What a self-check prints when all is well, and nothing else.
inline constexpr std::string_view kSelfCheckPassed = "passed";

/// How long check_installed_program() waits.
inline constexpr Milliseconds kSelfCheck{10'000};

/// Prepares the arguments and the environment of the next image, which are this one's. After this
/// the process can be executed anew at any time. Main thread; the list of kept descriptors is
/// there.
void prepare_execution();
/// Whether prepare_execution() has been called and the program is known. Async-signal-safe.
[[nodiscard]] bool can_execute() noexcept;

/// Executes the program. What is in the list of kept descriptors stays open. Returns only if that
/// fails; then nothing has changed. (execveat(2))
[[nodiscard]] Error execute_again(NextImage which);

/// Executes another program, which is to find this process as the kernel starts PID 1, with
/// `environment` and the words that the kernel has passed, and without what zinit has changed about
/// signals, limits (`nofile`, if it is known), Ctrl-Alt-Del and the standard streams. Returns only
/// if that fails.
[[nodiscard]] Error execute_stranger(const std::string& program, const Environment& environment,
                                     const std::optional<rlimit>& nofile);

/// Like execute_again(), in the handler of a fault: the same program. @return  errno
/// Async-signal-safe.
[[nodiscard]] int execute_after_fault() noexcept;

/// For the launches and the work with files that are under way to end, and how often that is looked
/// at.
inline constexpr Milliseconds kLaunchesEnd{5000};
inline constexpr Milliseconds kLookAgain{2};

/// The way to a re-execution: the installed program is checked, then no launch is begun any more,
/// and when none is under way the program is executed.
///
/// Threads: the control loop's.
class Reexecution {
 public:
  using Done = std::function<void(const RequestResult<void>&)>;

  /// @param check    options of a self-check.
  /// @param ready    whether nothing but the board is in the midst of something.
  /// @param execute  executes the program, with no launch under way; returns if that failed.
  Reexecution(EventLoop& loop, Board& board, FileQueue& files, std::vector<std::string> check,
              std::function<bool()> ready, std::function<void(NextImage)> execute);

  /// Begins; `done` is called just before the execution, or with the reason why there is none.
  void begin(NextImage which, Done done);

  /// A child has ended; it may be that of the self-check. Called before it is reaped.
  void child_ended(const EndedProcess& ended) noexcept;

 private:
  struct Asked {
    NextImage which;
    Done done;
    TimePoint until;  // when the launches that are under way are given up waiting for
  };

  void hold();
  void look();
  void refuse(Refusal refusal, std::string text);
  [[nodiscard]] std::string how_ended(pid_t child) const;

  Board& board_;
  FileQueue& files_;
  const std::vector<std::string> check_;
  const std::function<bool()> ready_;
  const std::function<void(NextImage)> execute_;
  std::optional<Asked> asked_;
  std::array<EndedProcess, 64> ended_;  // the last ones: the pid of the child is known late
  std::size_t ends_ = 0;
  TimerWatcher again_;
};

}  // namespace zinit
