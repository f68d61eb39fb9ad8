// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts and examines processes: see process.hpp.
#include "scenario/harness/process.hpp"
#include "scenario/harness.hpp"

#include <dirent.h>

#include "support/user_namespace.hpp"

namespace zinit::test {

namespace {

using Clock = std::chrono::steady_clock;

/// Ends a child that could not do a step, with 126 and a word, because nobody could catch an
/// exception.
[[noreturn]] void give_up(const char* step) {
  perror(step);
  _exit(126);
}

Texts environment_for(const Launch& what) {
  Texts env{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  for (const char* name : {"ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "ZINIT_TEST_ID",
                           "ZINIT_MUTANT", "ZINIT_MUTANT_PLACES"}) {
    if (const char* value = std::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  env.insert(env.end(), what.env.begin(), what.env.end());
  // After the test's variables, because the first of a name is in force. Services would get it from
  // a program that does not know it.
  const char* const seed = std::getenv("ZINIT_TEST_JITTER");
  if (seed != nullptr && *seed != '\0') {
    static const bool known = binary_mentions("ZINIT_TEST_JITTER");
    if (known) env.push_back(std::string("ZINIT_TEST_JITTER=") + seed);
  }
  return env;
}

std::vector<char*> pointers(Texts& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

void set_streams(const Launch& what) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  // First move the descriptors above 2: a requested stream may itself have a standard number.
  int wanted[3] = {what.in, what.out, what.err};
  for (int& fd : wanted) fd = fcntl(fd < 0 ? null : fd, F_DUPFD_CLOEXEC, 3);
  for (int i = 0; i < 3; ++i) {
    if (dup2(wanted[i], i) < 0) give_up("dup2");
  }
}

void become(uid_t uid) {
  if (setgroups(0, nullptr) != 0 || setgid(uid) != 0 || setuid(uid) != 0) give_up("setuid");
}

[[noreturn]] void execute(const Launch& what, char* const* argv, char* const* env) {
  setsid();
  set_streams(what);
  if (!what.directory.empty() && chdir(what.directory.c_str()) != 0) give_up("chdir");
  if (what.in_child) what.in_child();
  if (what.uid) become(*what.uid);
  execve(what.program.c_str(), argv, env);
  give_up(what.program.c_str());
}

/// In its own mount namespace: a /dev with the machine's usual devices, but a directory of its own,
/// because PID 1 binds /dev/log there. Made at /tmp, which nothing reads meanwhile.
void make_own_dev() {
  if (mount("tmpfs", "/tmp", "tmpfs", 0, "mode=0755") != 0) give_up("mount /tmp");
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty", "kmsg", "ptmx"}) {
    const std::string from = std::string("/dev/") + name;
    const std::string to = std::string("/tmp/") + name;
    const int fd = open(to.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    mount(from.c_str(), to.c_str(), nullptr, MS_BIND, nullptr);  // a machine may lack some of them
  }
  for (const char* name : {"pts", "shm"}) {
    const std::string to = std::string("/tmp/") + name;
    mkdir(to.c_str(), 0755);
    mount((std::string("/dev/") + name).c_str(), to.c_str(), nullptr, MS_BIND | MS_REC, nullptr);
  }
  for (const auto& [to, name] : {std::pair("/proc/self/fd", "fd"),
                                 {"/proc/self/fd/0", "stdin"},
                                 {"/proc/self/fd/1", "stdout"},
                                 {"/proc/self/fd/2", "stderr"}})
    if (symlink(to, (std::string("/tmp/") + name).c_str()) != 0) give_up(name);
  if (mount("/tmp", "/dev", nullptr, MS_MOVE, nullptr) != 0) give_up("move /dev");
}

/// New namespaces for the calling child; if it is not root, through a user namespace.
void enter_namespaces() {
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  if (unshare(CLONE_NEWPID | CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0) give_up("unshare");
  if (uid != 0 && !map_ids(uid, 0, gid, 0)) give_up("map to root");
  mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  make_own_dev();
}

/// Forks the first process of a new pid namespace; returns its pid as the test sees it. A process
/// between the two enters the namespaces and ends, so that PID 1 falls to the test, the subreaper.
pid_t launch_in_namespace(const Launch& what, char* const* argv, char* const* env) {
  int report[2];
  REQUIRE(pipe2(report, O_CLOEXEC) == 0);
  const pid_t middle = fork();
  REQUIRE(middle >= 0);
  if (middle == 0) {
    enter_namespaces();
    const pid_t first = fork();
    if (first == 0) {
      mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
      execute(what, argv, env);
    }
    if (write(report[1], &first, sizeof first) != sizeof first) give_up("write");
    _exit(first > 0 ? 0 : 126);
  }
  close(report[1]);
  pid_t first = -1;
  const bool told = read(report[0], &first, sizeof first) == sizeof first;
  close(report[0]);
  CHECK(wait_for_exit(middle) == 0);
  REQUIRE(told);
  REQUIRE(first > 0);
  return first;
}

/// Reads the available data of a pipe; false at its end.
bool take(int fd, std::string& into) {
  char block[65536];
  const ssize_t n = read(fd, block, sizeof block);
  if (n > 0) into.append(block, static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

int remaining_ms(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

/// Feeds and drains a child's streams until both outputs have ended; false if the time is up first.
bool exchange(int in, int out, int err, const std::string& input, Outcome& outcome,
              Clock::time_point until) {
  std::size_t written = 0;
  fcntl(in, F_SETFL, O_NONBLOCK);  // a pipe with room for a page may not have room for all
  if (input.empty()) close(std::exchange(in, -1));
  while (out >= 0 || err >= 0) {
    pollfd fds[3] = {{in, POLLOUT, 0}, {out, POLLIN, 0}, {err, POLLIN, 0}};
    if (poll(fds, 3, remaining_ms(until)) == 0) break;
    if (fds[0].revents != 0) {
      const ssize_t n = write(in, input.data() + written, input.size() - written);
      if (n > 0) written += static_cast<std::size_t>(n);
      if ((n < 0 && errno != EAGAIN) || written == input.size()) close(std::exchange(in, -1));
    }
    if (fds[1].revents != 0 && !take(out, outcome.out)) close(std::exchange(out, -1));
    if (fds[2].revents != 0 && !take(err, outcome.err)) close(std::exchange(err, -1));
  }
  const bool ended = out < 0 && err < 0;
  for (const int fd : {in, out, err}) {
    if (fd >= 0) close(fd);
  }
  return ended;
}

}  // namespace

bool eventually(const std::function<bool()>& happened, std::chrono::milliseconds deadline) {
  return becomes_true(happened, deadline, 10ms);
}

void hold(pid_t pid) {
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
  REQUIRE(eventually([&] {
    return std::ranges::all_of(entries_of(tasks), [&](const std::string& id) {
      const std::string stat = read_file(tasks + id + "/stat");
      const auto name_end = stat.rfind(") ");  // the state follows; t: a tracer has stopped it
      return name_end == std::string::npos || "TtD"s.find(stat[name_end + 2]) != std::string::npos;
    });
  }));
}

void suspend_for(pid_t pid, std::chrono::milliseconds time) {
  hold(pid);
  let_pass(Clock::now() + time);
  REQUIRE(::kill(pid, SIGCONT) == 0);
}

long ticks(pid_t pid) {
  return std::strtol(proc_stat(pid, 14).c_str(), nullptr, 10) +
         std::strtol(proc_stat(pid, 15).c_str(), nullptr, 10);
}

bool comes_to_rest(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task/";
  int looks = 0;
  const auto used = [&] {
    ++looks;
    const std::string time = std::to_string(ticks(pid));
    for (const std::string& id : entries_of(tasks)) {
      const bool runs = read_file(tasks + id + "/stat").find(") R ") != std::string::npos;
      if (runs) return time + ", busy " + std::to_string(looks);  // or waits for a processor
    }
    return time;
  };
  return at_rest_for(200ms, used).has_value();
}

const std::string& zinit_binary() {
  static const std::string path = [] {
    const char* given = std::getenv("ZINIT_BIN");
    if (given == nullptr) FAIL("ZINIT_BIN is unset: it names the binary under test");
    char* real = realpath(given, nullptr);
    if (real == nullptr || access(real, X_OK) != 0) FAIL("ZINIT_BIN cannot be executed: " << given);
    std::string found(real);
    std::free(real);
    return found;
  }();
  return path;
}

bool binary_mentions(std::string_view text) {
  // Mapped: a copy of 40 MB would be most of the cost of a short test.
  static const std::string_view all = [] {
    const int fd = open(zinit_binary().c_str(), O_RDONLY | O_CLOEXEC);
    const std::size_t size = std::filesystem::file_size(zinit_binary());
    void* const start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    REQUIRE(start != MAP_FAILED);
    close(fd);
    return std::string_view(static_cast<const char*>(start), size);
  }();
  return all.find(text) != std::string_view::npos;
}

bool binary_has_tsan() {
  static const bool has = binary_mentions("__tsan_init");
  return has;
}

bool binary_is_sanitized() {
  static const bool sanitized = binary_has_tsan() || binary_mentions("__asan_init");
  return sanitized;
}

std::string this_program(const std::string& kind, const Texts& words) {
  std::string command = toml_string(proc_link(getpid(), "exe")) + ", '" + kind + "'";
  for (const std::string& word : words) {
    std::string text = toml_string(word);
    for (const auto& [character, escape] :
         {std::pair{'\n', "\\n"}, {'\x1b', "\\u001b"}, {'\x01', "\\u0001"}}) {
      for (auto at = text.find(character); at != std::string::npos; at = text.find(character, at))
        text.replace(at, 1, escape);
    }
    command += ", " + text;
  }
  return command;
}

void write_trace(const std::string& line) {
  const int fd = ::open(std::getenv("T"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (::write(fd, (line + "\n").data(), line.size() + 1) < 0) _exit(91);
  ::close(fd);
}

pid_t launch(const Launch& what) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  Launch full = what;
  if (full.program.empty()) full.program = zinit_binary();
  Texts env = environment_for(full);
  const auto argv_pointers = pointers(full.argv);
  const auto env_pointers = pointers(env);
  if (full.pid_namespace) {
    return launch_in_namespace(full, argv_pointers.data(), env_pointers.data());
  }
  const pid_t pid = fork();
  REQUIRE(pid >= 0);
  if (pid == 0) execute(full, argv_pointers.data(), env_pointers.data());
  return pid;
}

std::optional<int> wait_for_exit(pid_t pid, std::chrono::milliseconds deadline) {
  int status = 0;
  pid_t ended = 0;
  eventually([&] { return (ended = waitpid(pid, &status, WNOHANG)) != 0; }, deadline);
  if (ended != pid) return std::nullopt;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Outcome run(Launch what, const std::string& input, std::chrono::milliseconds deadline) {
  signal(SIGPIPE, SIG_IGN);
  int in[2], out[2], err[2];
  for (int* ends : {in, out, err}) REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
  what.in = in[0], what.out = out[1], what.err = err[1];
  const pid_t pid = launch(what);
  for (const int fd : {in[0], out[1], err[1]}) close(fd);
  Outcome outcome;
  const auto until = Clock::now() + deadline;
  const bool ended = exchange(in[1], out[0], err[0], input, outcome, until);
  const auto code = ended ? wait_for_exit(pid) : std::nullopt;
  if (!code) {
    kill(pid, SIGKILL);
    wait_for_exit(pid);
    FAIL("did not end in time: " << what.argv.front() << ", printed: " << outcome.out
                                 << outcome.err);
  }
  outcome.code = *code;
  return outcome;
}

void have_own_mounts() {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    _exit(125);
}

bool can_make_namespaces() {
  const pid_t pid = fork();
  if (pid == 0) {
    enter_namespaces();
    _exit(0);
  }
  return wait_for_exit(pid) == 0;
}

bool alive(pid_t pid) {
  const std::string state = proc_stat(pid, 3);
  return !state.empty() && state != "Z" && state != "X";
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  for (const std::string& name : entries_of("/proc")) {
    const pid_t candidate = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    if (candidate > 0 && proc_stat(candidate, 4) == std::to_string(pid))
      children.push_back(candidate);
  }
  return children;
}

std::string proc_status(pid_t pid, std::string_view key) {
  for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(pid) + "/status"))) {
    if (line.rfind(std::string(key) + ":", 0) != 0) continue;
    const auto start = line.find_first_not_of(" \t", key.size() + 1);
    return start == std::string::npos
               ? ""
               : line.substr(start, line.find_last_not_of(" \t") + 1 - start);
  }
  return "";
}

long resident_kb(pid_t pid) {
  const auto kb = [&](const char* key) { return std::atol(proc_status(pid, key).c_str()); };
  return kb("RssAnon") + kb("RssShmem");
}

Texts job_threads(pid_t pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  Texts names;
  for (const std::string& id : entries_of(tasks)) {
    std::string name = read_file(tasks + "/" + id + "/comm");
    if (!name.empty() && name.back() == '\n') name.pop_back();
    if (!name.empty() && !name.starts_with("zinit")) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

pid_t thread_named(pid_t pid, std::string_view name) {
  for (const std::string& task : entries_of("/proc/" + std::to_string(pid) + "/task")) {
    const pid_t each = static_cast<pid_t>(std::strtol(task.c_str(), nullptr, 10));
    if (proc_status(each, "Name") == name) return each;
  }
  return 0;
}

pid_t hold_thread(pid_t pid, std::string_view name) {
  pid_t thread = 0;
  REQUIRE(eventually([&] {
    thread = thread_named(pid, name);
    return thread != 0 && proc_stat(thread, 3) == "S";
  }));
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) return 0;
  int status = 0;
  REQUIRE(ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0);
  REQUIRE(waitpid(thread, &status, __WALL) == thread);
  return thread;
}

bool await_end_of_held(pid_t thread) {
  int status = 0;
  return eventually([&] { return waitpid(thread, &status, __WALL | WNOHANG) == thread; });
}

std::string proc_stat(pid_t pid, int field) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');  // the name in field 2 may contain blanks
  if (name_end == std::string::npos) return "";
  std::istringstream rest(stat.substr(name_end + 1));
  std::string value;
  for (int i = 2; i < field; ++i) rest >> value;
  return value;
}

std::string proc_link(pid_t pid, const std::string& link) {
  char target[4096];
  const ssize_t n =
      readlink(("/proc/" + std::to_string(pid) + "/" + link).c_str(), target, sizeof target);
  return n < 0 ? "" : std::string(target, static_cast<std::size_t>(n));
}

Texts proc_environment(pid_t pid) {
  std::istringstream all(read_file("/proc/" + std::to_string(pid) + "/environ"));
  Texts entries;  // a value may have several lines
  for (std::string entry; std::getline(all, entry, '\0');) entries.push_back(entry);
  return entries;
}

std::string proc_cmdline(pid_t pid) {
  std::string all = read_file("/proc/" + std::to_string(pid) + "/cmdline");
  if (!all.empty()) all.pop_back();
  std::replace(all.begin(), all.end(), '\0', ' ');
  return all;
}

void await_executed(pid_t pid) {
  // execve(2) sets the environment last, and every process of zinit has one. A thread of the kernel
  // has neither an environment nor an address space.
  eventually(
      [&] { return !proc_environment(pid).empty() || !alive(pid) || proc_stat(pid, 23) == "0"; });
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : "";
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) FAIL("cannot write " << path);
}

Texts lines_of(std::string_view text) {
  Texts lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Texts entries_of(const std::string& path) {
  Texts names;
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::size_t count_in_proc(pid_t pid, const std::string& folder) {
  return entries_of("/proc/" + std::to_string(pid) + "/" + folder).size();
}

std::string sources_of_tests() {
  std::string text;
  for (const char* folder : {"test/scenario", "test/vm"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp")
        text += read_file(entry.path());
      else if (entry.path().extension() == ".golden" &&
               !entry.path().filename().string().starts_with("import_"))  // nothing of these runs
        text += "R\"golden(" + read_file(entry.path()) + ")golden\"\n";
  return text;
}

}  // namespace zinit::test
