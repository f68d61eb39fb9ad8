#pragma once
// Processes of a test: starting them, waiting for them, and seeing in /proc what they are.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/deadline.hpp"

namespace zinit::test {

using namespace std::chrono_literals;

/// Polls `happened` each 10 ms until it is true or `deadline` has passed; its last value.
bool eventually(const std::function<bool()>& happened,
                std::chrono::milliseconds deadline = kPatience);

/// Stops a process by SIGSTOP and lets it go on after so long, in which time limits of its have
/// passed.
void suspend_for(pid_t pid, std::chrono::milliseconds time);

/// Whether a process comes to use no more processor time: none for 200 ms, in ticks of 10 ms.
bool comes_to_rest(pid_t pid);

/// The binary under test, from ZINIT_BIN; fails the test where that is unset or no executable file.
const std::string& zinit_binary();

/// Whether a text occurs in it.
bool binary_mentions(std::string_view text);

/// Whether it was built with a sanitizer: those end a program that has no memory.
bool binary_is_sanitized();
/// Whether that was the sanitizer of threads.
bool binary_has_tsan();

/// What a process is made of. The environment starts from PATH and what sanitizers and the test
/// runner need, so a test does not depend on its caller's.
struct Launch {
  std::vector<std::string> argv{};   ///< argv[0] is only a name: `program` is what is executed
  std::string program{};             ///< empty: zinit_binary()
  std::vector<std::string> env{};    ///< added to the environment
  std::string directory{};           ///< working directory, empty: the test's
  std::optional<uid_t> uid{};        ///< user and group to become, without supplementary groups
  bool pid_namespace = false;        ///< as PID 1 of new pid and mount namespaces
  int in = -1, out = -1, err = -1;   ///< standard streams, -1: /dev/null
  std::function<void()> in_child{};  ///< called before execve, and before a uid is given up
};

/// Starts a process in a session of its own; its pid, as the test sees it. The test becomes a child
/// subreaper, so that what a dead zinit leaves behind is seen by children_of(getpid()).
pid_t launch(const Launch& what);

/// Waits for a child; its exit code, or 128 + signal. Nothing where it has not ended in time.
std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds deadline = kPatience);

/// How a command ended, and what it printed.
struct Outcome {
  int code = -1;
  std::string out{};
  std::string err{};
};

/// Runs a command to its end with `input` on its standard input. One that does not end in time is
/// killed and fails the test.
Outcome run(Launch what, const std::string& input = "",
            std::chrono::milliseconds deadline = kPatience);

/// Whether new pid and mount namespaces can be had here (a user namespace where not root).
bool can_make_namespaces();

/// For Launch::in_child: a mount namespace of its own, whose mounts nobody else sees. Where that is
/// refused the child ends with 125.
void have_own_mounts();

/// Whether there is a process with this pid that is no zombie.
bool alive(pid_t pid);
/// Children by /proc, zombies included; and all that descends from a process.
std::vector<pid_t> children_of(pid_t pid);
std::vector<pid_t> descendants_of(pid_t pid);
/// The value of a line `KEY:` in /proc/PID/status without the blanks around it; "" if there is
/// none.
std::string proc_status(pid_t pid, std::string_view key);
/// Its resident size.
long resident_kb(pid_t pid);
/// Names of the threads of a zinit that are not there as long as it is, sorted.
std::vector<std::string> job_threads(pid_t pid);
/// Stops the thread of this name for good, as if it hung. It must be asleep, so that it holds no
/// lock. @return  its number; 0 where ptrace(2) is not permitted
pid_t hold_thread(pid_t pid, std::string_view name);
/// Waits for the end of that thread, without which its process cannot be waited for.
bool await_end_of_held(pid_t thread);
/// A field of /proc/PID/stat, numbered as in proc(5); "" where the process is gone.
std::string proc_stat(pid_t pid, int field);
/// Clock ticks of processor time that all its threads have had.
long ticks(pid_t pid);
/// What a link of /proc/PID names, such as "cwd" or "fd/0".
std::string proc_link(pid_t pid, const std::string& link);
/// The environment a process was given.
std::vector<std::string> proc_environment(pid_t pid);
/// The command line of a process, arguments separated by blanks.
std::string proc_cmdline(pid_t pid);
/// Waits until a process that zinit has just launched is its program's in all that /proc shows: the
/// kernel lets zinit go on while execve(2) still has descriptors, credentials and arguments to set.
/// Returns at once where there is no such process, or it is one of the kernel's.
void await_executed(pid_t pid);

/// The whole of a file; "" where there is none.
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);
std::vector<std::string> lines_of(std::string_view text);
/// Names in a folder, sorted.
std::vector<std::string> entries_of(const std::string& path);
/// How many entries a folder of a process in /proc has: `fd` one for each descriptor, `task` one
/// for each thread.
std::size_t count_in_proc(pid_t pid, const std::string& folder);

/// The sources in C++ of all tests that use the program as its users do, if they are there.
std::string sources_of_tests();

}  // namespace zinit::test
