// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Processes of a test: starts them, waits for them, and reads about them in /proc.

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

/// Calls `happened` every 10 ms until it is true or `deadline` has passed; returns its last value.
bool eventually(const std::function<bool()>& happened,
                std::chrono::milliseconds deadline = kPatience);

/// Stops a process by SIGSTOP, and returns when none of its threads runs any more. A thread that
/// hangs in the kernel stops as soon as it leaves the kernel.
void hold(pid_t pid);
/// Stops a process by SIGSTOP and continues it after that time, so that time limits of it have
/// passed.
void suspend_for(pid_t pid, std::chrono::milliseconds time);

/// Whether a process stops using processor time: none for 200 ms, in ticks of 10 ms.
bool comes_to_rest(pid_t pid);

/// The tested binary, from ZINIT_BIN; fails the test if that is unset or not an executable file.
const std::string& zinit_binary();

/// Whether the binary contains a text.
bool binary_mentions(std::string_view text);

/// Whether it was built with a sanitizer: these end a program that gets no memory.
bool binary_is_sanitized();
/// Whether the sanitizer was the one for threads.
bool binary_has_tsan();

/// The settings of a process. The environment starts from PATH and the variables of sanitizers and
/// the test runner, so that a test does not depend on its caller's.
struct Launch {
  std::vector<std::string> argv{};   ///< argv[0] is only a name: `program` is executed
  std::string program{};             ///< empty: zinit_binary()
  std::vector<std::string> env{};    ///< added to the environment
  std::string directory{};           ///< working directory, empty: the test's
  std::optional<uid_t> uid{};        ///< user and group to become, without supplementary groups
  bool pid_namespace = false;        ///< as PID 1 of new pid and mount namespaces
  int in = -1, out = -1, err = -1;   ///< standard streams, -1: /dev/null
  std::function<void()> in_child{};  ///< called before execve, and before a uid is given up
};

/// The elements of an `exec` array, without brackets, for this program as a service of this kind,
/// which carries out `words`: see peer.hpp and notifier.hpp.
std::string this_program(const std::string& kind, const std::vector<std::string>& words);
/// Writes a line to the trace, in a service.
void write_trace(const std::string& line);

/// Starts a process in its own session; returns its pid as the test sees it. The test becomes a
/// child subreaper, so that children_of(getpid()) shows what a dead zinit leaves behind.
pid_t launch(const Launch& what);

/// Waits for a child; its exit code, or 128 + signal. Nothing if it has not ended in time.
std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds deadline = kPatience);

/// The end of a command, and its output.
struct Outcome {
  int code = -1;
  std::string out{};
  std::string err{};
};

/// Runs a command to its end with `input` as its standard input. Kills a command that does not end
/// in time, and fails the test.
Outcome run(Launch what, const std::string& input = "",
            std::chrono::milliseconds deadline = kPatience);

/// Whether new pid and mount namespaces are possible here (a user namespace if not root).
bool can_make_namespaces();

/// For Launch::in_child: a mount namespace of its own, whose mounts nobody else sees. If the kernel
/// refuses it, the child ends with 125.
void have_own_mounts();

/// Whether a process with this pid exists and is not a zombie.
bool alive(pid_t pid);
/// The children in /proc, zombies included.
std::vector<pid_t> children_of(pid_t pid);
/// The value of a line `KEY:` in /proc/PID/status without the blanks around it; "" if the line is
/// missing.
std::string proc_status(pid_t pid, std::string_view key);
/// The resident memory of a process without the pages of its program: the kernel maps these in
/// pieces of the size that its page cache happens to have, and takes them back when it needs them.
long resident_kb(pid_t pid);
/// Names of a zinit's threads that do not live as long as zinit, sorted.
std::vector<std::string> job_threads(pid_t pid);
/// A thread of this name, which a thread sets when it begins; 0: none.
pid_t thread_named(pid_t pid, std::string_view name);
/// Stops the thread of this name for good, as if it hung. It must be asleep, holding no lock.
/// @return its number; 0 if ptrace(2) is not permitted
pid_t hold_thread(pid_t pid, std::string_view name);
/// Waits for the end of this thread; without that its process cannot be waited for.
bool await_end_of_held(pid_t thread);
/// A field of /proc/PID/stat, numbered as in proc(5); "" if the process is gone.
std::string proc_stat(pid_t pid, int field);
/// The processor time of all its threads, in clock ticks.
long ticks(pid_t pid);
/// The target of a link of /proc/PID, such as "cwd" or "fd/0".
std::string proc_link(pid_t pid, const std::string& link);
/// The initial environment of a process.
std::vector<std::string> proc_environment(pid_t pid);
/// The command line of a process, arguments separated by blanks.
std::string proc_cmdline(pid_t pid);
/// Waits until /proc shows all facts of the program that zinit has just launched: the kernel lets
/// zinit go on while execve(2) still sets descriptors, credentials and arguments. Returns at once
/// if the process does not exist, or is a thread of the kernel.
void await_executed(pid_t pid);

/// The content of a file; "" if it does not exist.
std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view text);
std::vector<std::string> lines_of(std::string_view text);
/// Names in a folder, sorted.
std::vector<std::string> entries_of(const std::string& path);
/// The number of entries in a folder of a process in /proc: `fd` has one for each descriptor,
/// `task` one for each thread.
std::size_t count_in_proc(pid_t pid, const std::string& folder);

/// The C++ sources of all tests that use the program as its users do, if they are there, and their
/// golden files as raw strings.
std::string sources_of_tests();

}  // namespace zinit::test
