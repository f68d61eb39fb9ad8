// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's execve(2) of itself.
#include "reexec/reexecution.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/directory.hpp"
#include "base/format.hpp"
#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "config/environment.hpp"
#include "os/console.hpp"
#include "os/power.hpp"
#include "os/process.hpp"
#include "os/program_file.hpp"
#include "os/signals.hpp"
#include "os/spawn.hpp"
#include "state/crash_log.hpp"
#include "state/journal.hpp"

namespace zinit {

namespace {

// "FD:PID": the descriptor of the list of kept descriptors, and the process that may use it.
constexpr const char* kVariable = "ZINIT_INHERITS";

// The kernel appends this to the path of a program whose file was replaced or removed.
constexpr std::string_view kDeleted = " (deleted)";

// The longest output of a self-check, in bytes.
constexpr std::size_t kMostOutput = 4096;

char** own_arguments = nullptr;

/// The next process image's environment; null-terminated. Never destroyed: see own_program().
std::vector<char*>* variables = nullptr;

struct Program {
  KeptFd file;
  std::string path;
};

/// Never destroyed, because a fault may come at any time.
Program& own_program() {
  static Program& only = *new Program;
  return only;
}

/// Reads until the end of file or `deadline`. @return  nothing if the deadline came first
std::optional<std::string> read_until(int fd, TimePoint deadline) {
  std::string text;
  while (true) {
    const auto left = ms_between(Clock::now(), deadline);
    pollfd readable{fd, POLLIN, 0};
    const int ready = left > 0 ? ::poll(&readable, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    char bytes[512];
    const ssize_t count = ::read(fd, bytes, sizeof bytes);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(bytes, static_cast<std::size_t>(count));
    text.resize(std::min(text.size(), kMostOutput));
  }
}

/// Waits until the process is a zombie: it closes its output some time before.
void await_end(int pidfd, TimePoint deadline) {
  pollfd ended{pidfd, POLLIN, 0};
  while (pidfd >= 0 && ::poll(&ended, 1, poll_ms(deadline)) < 0 && errno == EINTR) continue;
}

/// See find_own_program(). `program` is the running one in the first process image, otherwise -1: a
/// later image is executed by a descriptor, so AT_EXECFN is not a path.
Result<std::string> program_path(int program) {
  const auto executed = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (program >= 0 && executed != nullptr && *executed == '/') {
    struct stat named {};
    struct stat running {};
    if (::stat(executed, &named) == 0 && ::fstat(program, &running) == 0 &&
        named.st_dev == running.st_dev && named.st_ino == running.st_ino)
      return executed;
  }
  std::string path(PATH_MAX, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  if (size < 0) return sys_failure("read", "/proc/self/exe");
  path.resize(static_cast<std::size_t>(size));
  if (path.ends_with(kDeleted)) path.resize(path.size() - kDeleted.size());
  return path;
}

/// Calls `exec`, which executes a program. @return  errno
/// Async-signal-safe.
template <class Exec>
int execute(Exec exec) noexcept {
  keep_over_exec(true);
  keep_dropped_lines();
  kill_point("reexec.execute");
  block_faults(true);  // the next image would die of one before it has handlers
  exec();
  const int errnum = errno;
  keep_over_exec(false);
  block_faults(false);
  return errnum;
}

/// Closes the descriptors from the previous process image if their list cannot be read. Log pipes
/// stay open, because SIGPIPE would kill a service that writes to a closed one.
void close_unknown() {
  std::vector<int> unknown;
  for (const std::string& name : names_in("/proc/self/fd")) {
    const auto fd = parse_integer(name);
    struct stat status {};
    if (!fd || *fd <= STDERR_FILENO) continue;
    if (::fstat(static_cast<int>(*fd), &status) == 0 && !S_ISFIFO(status.st_mode))
      unknown.push_back(static_cast<int>(*fd));
  }
  for (const int fd : unknown) ::close(fd);
}

}  // namespace

void remember_command_line(char** argv) noexcept { own_arguments = argv; }

std::optional<Inheritance> take_inheritance() {
  const char* value = std::getenv(kVariable);
  if (value == nullptr) return std::nullopt;
  const std::vector<std::string_view> parts = split(value, ':');
  const auto fd = parts.size() == 2 ? parse_integer(parts[0]) : std::nullopt;
  const bool ours = fd && parse_integer(parts[1]) == ::getpid();
  ::unsetenv(kVariable);
  if (!ours) return std::nullopt;
  if (*fd <= STDERR_FILENO || *fd > INT_MAX) return Inheritance();  // the list could not be made
  auto inherited = Inheritance::take_over(static_cast<int>(*fd));
  if (inherited) return std::move(*inherited);
  log_error("the state of the previous process image is lost: {}", inherited.error().text);
  close_unknown();
  return Inheritance();
}

Result<void> find_own_program(bool first) {
  auto file = open_fd("/proc/self/exe", O_PATH);
  if (!file) return Failure(std::move(file.error()));
  auto path = program_path(first ? file->get() : -1);
  if (!path) return Failure(std::move(path.error()));
  own_program() = {KeptFd(std::move(*file), {}), *std::move(path)};
  return {};
}

const std::string& installed_program() noexcept { return own_program().path; }

void set_installed_program(std::string path) { own_program().path = std::move(path); }

Result<void> check_installed_program(const std::vector<std::string>& options, pid_t& silent) {
  const std::string& path = own_program().path;
  if (auto whole = open_program({}, path); !whole) return Failure(std::move(whole.error()));
  auto output = make_pipe();
  if (!output) return Failure(std::move(output.error()));
  SpawnPlan plan;
  plan.argv = {"zinit-server", "--self-check",
               fmt::format("--journal-version={}", kJournalVersion)};
  plan.argv.insert(plan.argv.end(), options.begin(), options.end());
  plan.program = path;
  plan.env = own_environment();
  plan.dir = ".";  // the options may have paths below zinit's own directory
  plan.out = plan.err = output->write.get();
  auto child = spawn(plan);
  if (!child) return Failure(std::move(child.error()));
  output->write.reset();
  const TimePoint deadline = after(Clock::now(), kSelfCheck);
  const auto said = read_until(output->read.get(), deadline);
  if (!said) {
    if (auto killed = signal_process(child->pidfd.get(), child->pid, SIGKILL); !killed)
      log_warn("{}", killed.error().text);
    return failure(fmt::format("{} --self-check did not end within {}", path,
                               duration_text(kSelfCheck.count())));
  }
  const std::string_view words = trim(*said);
  if (words == kSelfCheckPassed) return {};
  if (!words.empty()) return failure(fmt::format("{}: {}", path, printable(words)));
  await_end(child->pidfd.get(), deadline);
  silent = child->pid;
  return failure(fmt::format("{} --self-check said nothing", path));
}

void prepare_execution() {
  static Environment& texts = *new Environment;
  texts = own_environment();
  texts.push_back(fmt::format("{}={}:{}", kVariable, kept_list_fd(), ::getpid()));
  variables = new std::vector<char*>(execve_list(texts));
}

bool can_execute() noexcept { return variables != nullptr && own_program().file; }

int execute_after_fault() noexcept {
  return execute([] {
    ::syscall(SYS_execveat, own_program().file.get(), "", own_arguments, variables->data(),
              AT_EMPTY_PATH);
  });
}

Error execute_again(NextImage which) {
  const Program& program = own_program();
  if (!can_execute()) return {"the running program could not be opened at the start", ENOENT};
  const int errnum = which == NextImage::same ? execute_after_fault() : execute([&program] {
    ::execve(program.path.c_str(), own_arguments, variables->data());
  });
  return sys_failure("execute", program.path, errnum).value();
}

Error execute_stranger(const std::string& program, const Environment& environment,
                       const std::optional<rlimit>& nofile) {
  std::vector<std::string> texts{program};
  for (char** word = own_arguments; *word != nullptr && *++word != nullptr;)
    texts.emplace_back(*word);
  const auto words = execve_list(texts);
  const auto settings = execve_list(environment);
  if (auto console = open_fd("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK)) {
    ::fcntl(console->get(), F_SETFL, 0);
    if (const auto made = make_standard_streams(console->get()); !made)
      log_warn("{}", made.error().text);
  }
  if (nofile && ::setrlimit(RLIMIT_NOFILE, &*nofile) < 0)
    log_warn("{}", sys_failure("lower", "the limit of open files").value().text);
  give_back_ctrl_alt_del();
  for (int signal = 1; signal <= SIGRTMAX; ++signal) std::signal(signal, SIG_DFL);
  const sigset_t none = signal_set({});
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execve(program.c_str(), words.data(), settings.data());
  return sys_failure("execute", program).value();
}

Reexecution::Reexecution(EventLoop& loop, Board& board, FileQueue& files,
                         std::vector<std::string> check,
                         std::function<std::string(bool late)> under_way,
                         std::function<void(NextImage)> execute)
    : board_(board),
      files_(files),
      check_(std::move(check)),
      under_way_(std::move(under_way)),
      execute_(std::move(execute)),
      again_(loop, [this] { look(); }) {}

void Reexecution::begin(NextImage which, Done done) {
  if (asked_) {
    return done(tl::unexpected(
        RequestFailure{Refusal::invalid_state, "zinit is already re-executing itself"}));
  }
  const auto given_up = std::make_shared<std::atomic<bool>>(false);
  asked_ = {which, std::move(done), given_up};
  ended_ = {};
  again_.set(kFilesEnd);  // the tasks before it may hang
  // The file queue ends a reload that is under way before it checks the program.
  auto checked = std::make_shared<Result<void>>();
  auto silent = std::make_shared<pid_t>(0);
  FileTask task;
  task.begin = [this, given_up] {
    if (!*given_up) again_.set(kSelfCheck + kLaunchesEnd);  // the program's file may not answer
  };
  if (which == NextImage::installed)
    task.work = [this, given_up, checked, silent] {
      if (!*given_up) *checked = check_installed_program(check_, *silent);
    };
  task.finish = [this, given_up, checked, silent](const std::optional<Error>& fault) {
    if (*given_up) return;
    if (fault) return refuse(Refusal::process_error, fault->text);
    if (!*checked)
      return refuse(Refusal::process_error, checked->error().text + how_ended(*silent));
    hold();
  };
  files_.add(std::move(task));
}

void Reexecution::child_ended(const EndedProcess& ended) noexcept {
  if (asked_) ended_[ends_++ % ended_.size()] = ended;
}

/// How the child of a self-check has ended, after a comma; nothing if unknown.
std::string Reexecution::how_ended(pid_t child) const {
  if (child <= 0) return {};
  auto end = ended_child(child);
  for (const EndedProcess& ended : ended_)
    if (!end && ended.pid == child) end = ended;
  return end ? ", " + end_text(end->end) : std::string();
}

void Reexecution::hold() {
  board_.hold_launches(true);
  asked_->until = after(Clock::now(), kLaunchesEnd);
  again_.set(kLookAgain);  // not now: the call that asked may not have returned yet
}

/// Executes the program as soon as nothing is under way.
void Reexecution::look() {
  if (asked_->until == TimePoint{}) {
    *asked_->given_up = true;
    return refuse(Refusal::invalid_state, "work with service files has not ended");
  }
  const bool late = Clock::now() >= asked_->until;
  std::string under_way = under_way_(late);
  if (under_way.empty() && !board_.while_still([] {})) under_way = kNotStill;
  if (!under_way.empty()) {
    if (!late) return again_.set(kLookAgain);
    board_.hold_launches(false);
    return refuse(Refusal::invalid_state, std::move(under_way));
  }
  const Asked asked = *std::exchange(asked_, std::nullopt);
  asked.done({});
  execute_(asked.which);
  board_.hold_launches(false);
}

void Reexecution::refuse(Refusal refusal, std::string text) {
  again_.stop();
  const Asked asked = *std::exchange(asked_, std::nullopt);
  asked.done(tl::unexpected(RequestFailure{refusal, std::move(text)}));
}

}  // namespace zinit
