// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The parent's side of spawn.hpp: prepares the child, and turns its outcome into a result.
#include "os/spawn.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/environment.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "model/reason.hpp"
#include "os/id_change.hpp"
#include "os/program_file.hpp"
#include "os/signals.hpp"
#include "os/spawn_child.hpp"
#include "os/spawn_settings.hpp"

namespace zinit {

namespace {

/// Blocks every signal in this thread for a scope: no handler may run in a child that shares our
/// memory.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked& operator=(SignalsBlocked&&) = delete;

 private:
  sigset_t before_;
};

/// Adds the variables for the child's pid to `env`, with room for the digits.
/// @return  where the child writes the digits; points into `texts`
std::vector<char*> add_pid_variables(const SpawnPlan& plan, std::vector<std::string>& texts,
                                     std::vector<char*>& env) {
  std::vector<char*> places;
  texts.reserve(plan.pid_variables.size());
  for (const std::string& name : plan.pid_variables) {
    std::string& text = texts.emplace_back(name + "=");
    text.append(kPidDigits, '\0');
    env.insert(env.end() - 1, text.data());
    places.push_back(text.data() + name.size() + 1);
  }
  return places;
}

/// Sorted and without duplicates. The kernel checks the primary group besides the supplementary
/// ones. So for a user who may not change these, it makes no difference whether they list it.
std::vector<gid_t> comparable(std::vector<gid_t> groups, gid_t own) {
  if (::geteuid() != 0) groups.push_back(own);
  sort_unique(groups);
  return groups;
}

/// Drops ids that are already in force, because setting them could need a privilege.
Ids without_unchanged(Ids ids) {
  uid_t uids[3];
  gid_t gids[3];
  const auto same = [](const auto& three, auto id) {
    return three[0] == id && three[1] == id && three[2] == id;
  };
  if (ids.uid && ::getresuid(&uids[0], &uids[1], &uids[2]) == 0 && same(uids, *ids.uid))
    ids.uid.reset();
  if (ids.gid && ::getresgid(&gids[0], &gids[1], &gids[2]) == 0 && same(gids, *ids.gid))
    ids.gid.reset();
  if (ids.groups) {
    const int count = ::getgroups(0, nullptr);
    std::vector<gid_t> now(static_cast<std::size_t>(std::max(count, 0)));
    const bool known = count >= 0 && ::getgroups(count, now.data()) == count;
    const gid_t own = ::getegid();
    if (known && comparable(*ids.groups, own) == comparable(now, own)) ids.groups.reset();
  }
  return ids;
}

/// Opens a terminal without waiting for a carrier, and not as our own controlling terminal.
Result<UniqueFd> open_terminal(const std::string& path) {
  auto fd = open_fd(path.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY);
  if (!fd) return fd;
  const int flags = ::fcntl(fd->get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd->get(), F_SETFL, flags & ~O_NONBLOCK) < 0)
    return sys_failure("set the flags of", path);
  return fd;
}

/// Chooses the three streams. @return what was opened for them; keep it until the child has it
Result<UniqueFd> choose_streams(const SpawnPlan& plan, ChildWork& work) {
  UniqueFd opened;
  const std::array given{plan.in, plan.out, plan.err};
  const bool any_missing = contains(given, -1);
  if (!plan.tty.empty() || any_missing) {
    auto fd = plan.tty.empty() ? open_fd("/dev/null", O_RDWR) : open_terminal(plan.tty);
    const bool in_alone = plan.tty.empty() && plan.out >= 0 && plan.err >= 0;
    if (!fd && in_alone && fd.error().errnum == ENOENT)  // an empty /dev: use a pipe at its end
      fd = make_pipe().map([](Pipe pipe) { return std::move(pipe.read); });
    if (!fd) return fd;
    opened = std::move(*fd);
  }
  for (std::size_t i = 0; i < given.size(); ++i)
    work.streams[i] = plan.tty.empty() && given[i] >= 0 ? given[i] : opened.get();
  work.take_terminal = !plan.tty.empty();
  work.foreground = plan.foreground && plan.in >= 0 && ::tcgetpgrp(plan.in) >= 0;
  return opened;
}

/// Says what is wrong with an existing program: errno's text would be misleading.
Failure execute_failure(const SpawnPlan& plan, int errnum) {
  const std::string& program = plan.program;
  const std::string& root = plan.process.root;
  if (errnum == ENOENT || errnum == ENOEXEC) {
    const std::string fault = program_fault(root, program, Refused::yes);
    if (!fault.empty())
      return Failure(Error{fmt::format("cannot execute {}: {}", program, fault), errnum});
  }
  if (errnum == ENOEXEC) {
    return Failure(
        Error{fmt::format("cannot execute {}: {} (a script needs a first line like #!/bin/sh)",
                          program, errno_text(errnum)),
              errnum});
  }
  return sys_failure("execute", program, errnum);
}

/// A server of a user who is not root cannot have processes of other users.
Failure id_failure(std::string_view verb, std::string_view object, int errnum) {
  Failure failed = sys_failure(verb, object, errnum);
  if (errnum == EPERM && ::geteuid() != 0)
    failed.value().text += "; only root may start services as other users";
  return failed;
}

/// The error for the step at which the child failed.
Failure step_failure(const SpawnPlan& plan, const ChildWork& work) {
  const int errnum = work.failed_errno;
  switch (work.failed_step) {
    case SpawnStep::cgroup: return sys_failure("enter", "the cgroup of the service", errnum);
    case SpawnStep::session: return sys_failure("make", "a session", errnum);
    case SpawnStep::descriptors: return sys_failure("set up", "the standard streams", errnum);
    case SpawnStep::terminal:
      return sys_failure("take " + plan.tty, "as controlling terminal", errnum);
    case SpawnStep::oom_score:
    case SpawnStep::affinity:
    case SpawnStep::scheduler:
    case SpawnStep::nice:
    case SpawnStep::io_priority:
    case SpawnStep::limits:
    case SpawnStep::root:
    case SpawnStep::bounding:
    case SpawnStep::ambient:
    case SpawnStep::privileges: return settings_failure(plan, work);
    case SpawnStep::groups: return id_failure("set", "the supplementary groups", errnum);
    case SpawnStep::group: return id_failure("become", fmt::format("group {}", *work.gid), errnum);
    case SpawnStep::user: return id_failure("become", fmt::format("user {}", *work.uid), errnum);
    case SpawnStep::directory: return sys_failure("change to", "directory " + plan.dir, errnum);
    case SpawnStep::signals: return sys_failure("unblock", "signals", errnum);
    case SpawnStep::execute: return execute_failure(plan, errnum);
    case SpawnStep::none: break;
  }
  return failure("cannot execute " + plan.program + ": the new process ended before execve");
}

/// A temporary error: after the OOM killer, or a user's kill(1), another attempt may work.
Failure killed_failure(const SpawnPlan& plan, int signal) {
  return Failure(
      Error{fmt::format("cannot execute {}: the new process was killed by {} before execve",
                        plan.program, signal_name(signal)),
            ECANCELED});
}

Result<StartedChild> start_prepared(ChildWork& work) {
  const IdChange ids(work.uid != nullptr || work.gid != nullptr || work.groups != nullptr);
  const SignalsBlocked signals;
  return start_child(work);
}

Result<Child> spawn_checked(const SpawnPlan& plan) {
  if (plan.argv.empty()) return sys_failure("execute", plan.program, EINVAL);
  const auto argv = execve_list(plan.argv);
  auto env = execve_list(plan.env);
  std::vector<std::string> own_pid;
  const auto pid_places = add_pid_variables(plan, own_pid, env);
  std::vector<int> passed_from, passed_as;
  for (const PassedFd& passed : plan.passed) {
    passed_from.push_back(passed.fd);
    passed_as.push_back(passed.as);
  }
  const Ids ids = without_unchanged(plan.ids);
  const PreparedSettings settings(plan, plan.ids.uid.value_or(::geteuid()));
  ChildWork work;
  work.program = plan.program.c_str();
  work.argv = argv.data();
  work.env = env.data();
  work.passed_from = passed_from.data();
  work.passed_as = passed_as.data();
  work.passed_count = passed_as.size();
  work.pid_places = pid_places.data();
  work.pid_count = pid_places.size();
  work.dir = plan.dir.c_str();
  work.umask = plan.umask;
  work.signals = signals_to_reset();
  settings.put_into(work);
  work.cgroup = plan.cgroup;
  work.pid = plan.pid;
  work.noted = plan.noted;
  work.uid = ids.uid ? &*ids.uid : nullptr;
  work.gid = ids.gid ? &*ids.gid : nullptr;
  const gid_t none = 0;  // an empty vector has no address, and null means unchanged
  if (ids.groups) work.groups = ids.groups->empty() ? &none : ids.groups->data();
  if (ids.groups) work.group_count = ids.groups->size();

  auto opened = choose_streams(plan, work);
  if (!opened) return Failure(opened.error());
  auto started = start_prepared(work);
  if (!started) return Failure(started.error());
  if (started->executed) return Child{started->pid, std::move(started->pidfd)};
  if (started->killed != 0) return killed_failure(plan, started->killed);
  return step_failure(plan, work);
}

/// The result of a PATH search at one place.
enum class Candidate { missing, not_executable, executable };

/// Returns only temporary errors. After other errors the file counts as missing.
Result<Candidate> examine(const std::string& root, const std::string& path) {
  const auto status = stat_below(root, path);
  if (!status && status.error().temporary()) return Failure(status.error());
  if (!status || !S_ISREG(status->st_mode)) return Candidate::missing;
  return (status->st_mode & 0111) != 0 ? Candidate::executable : Candidate::not_executable;
}

/// `path`, or the path below `dir` if it is relative.
std::string below(const std::string& dir, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : joined_path(dir, path);
}

Result<Child> spawn_found(const SpawnPlan& plan) {
  auto child = spawn_checked(plan);
  if (child || child.error().errnum != ENOEXEC || !plan.as_by_shell) return child;
  // A shell would take another machine's program for a script, and report faults in its syntax.
  if (!program_fault(plan.process.root, plan.program, Refused::yes).empty()) return child;
  SpawnPlan script = plan;
  script.program = "/bin/sh";
  script.argv.front() = plan.program;
  script.argv.insert(script.argv.begin(), "sh");
  return spawn_checked(script);
}

bool is_refused(const Result<Child>& child) {
  return !child && child.error().errnum == EACCES && child.error().text.starts_with(kExecuteFault);
}

}  // namespace

Result<Child> spawn(const SpawnPlan& plan) {
  auto child = spawn_found(plan);
  if (!is_refused(child)) return child;
  // Go on like execvp(3): zinit may execute a file below /root, but the user may not.
  SpawnPlan next = plan;
  std::vector<std::string> refused;  // PATH may name a directory twice
  const std::string path = value_of(plan.env, "PATH").value_or("");
  while (is_refused(child)) {
    refused.push_back(next.program);
    auto program =
        resolve_program(plan.argv.front(), path, plan.dir, plan.process.root, next.program);
    if (!program || std::ranges::count(refused, *program) > 0) break;
    next.program = *std::move(program);
    child = spawn_found(next);
  }
  return child;
}

Result<std::string> resolve_program(const std::string& name, std::string_view path,
                                    const std::string& dir, const std::string& root,
                                    std::string_view refused) {
  if (name.empty()) return Failure(Error{"cannot execute an empty name", ENOENT});
  if (name.find('/') != std::string::npos) return below(dir, name);
  if (!root.empty()) {
    const auto there = open_below(root, "/", O_PATH);
    if (!there) return Failure(there.error());
  }
  std::string not_executable;
  bool passed = refused.empty();
  for (const std::string_view part : split(path, ':')) {
    const std::string candidate = below(part.empty() ? dir : below(dir, part), name);
    if (candidate == refused) passed = true;
    if (candidate == refused || !passed) continue;
    const auto found = examine(root, candidate);
    if (!found) return Failure(found.error());
    if (*found == Candidate::executable) return candidate;
    if (*found == Candidate::not_executable && not_executable.empty()) not_executable = candidate;
  }
  if (!not_executable.empty()) return sys_failure("execute", not_executable, EACCES);
  return Failure(Error{fmt::format("no program \"{}\" in PATH", name), ENOENT});
}

}  // namespace zinit
