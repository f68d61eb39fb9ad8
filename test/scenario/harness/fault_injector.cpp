// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes system calls fail: see fault_injector.hpp.
#include "scenario/harness/fault_injector.hpp"
#include "scenario/harness.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstddef>
#include <string_view>

#include "support/notification.hpp"

namespace zinit::test {

namespace {

struct FailingCall {
  std::string name;
  int number;
  int errnum;
};

/// The calls that can fail, in groups of those that fail alike.
const std::vector<FailingCall>& failing_calls() {
  static const std::vector<FailingCall> calls = [] {
    std::vector<FailingCall> all;
    const auto add = [&](int errnum, std::istringstream names, const std::vector<int>& numbers) {
      std::string name;  // "SYS_read,"
      for (const int number : numbers) {
        names >> name;
        all.push_back({name.substr(4, name.find(',') - 4), number, errnum});
      }
    };
#define FAILING(errnum, ...) add(errnum, std::istringstream(#__VA_ARGS__), {__VA_ARGS__})
    FAILING(ENOMEM, SYS_epoll_ctl, SYS_mprotect, SYS_close_range, SYS_mmap, SYS_mremap,
            SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_execve, SYS_execveat, SYS_setgroups);
    FAILING(EIO, SYS_rmdir, SYS_ioctl, SYS_read, SYS_readv, SYS_pread64, SYS_unlinkat, SYS_unlink,
            SYS_rename, SYS_renameat2, SYS_fsync, SYS_getdents64, SYS_newfstatat, SYS_fstat,
            SYS_fchmod, SYS_fchown, SYS_fchmodat, SYS_fchownat, SYS_chdir, SYS_statx,
            SYS_readlinkat);
    FAILING(EMFILE, SYS_fcntl, SYS_openat, SYS_pipe2, SYS_epoll_create1, SYS_eventfd2,
            SYS_timerfd_create, SYS_memfd_create, SYS_socket, SYS_accept4, SYS_dup, SYS_dup2,
            SYS_dup3, SYS_inotify_init1, SYS_pidfd_open);
    FAILING(ENOSPC, SYS_write, SYS_writev, SYS_pwrite64, SYS_ftruncate, SYS_fallocate, SYS_mkdirat,
            SYS_mkdir, SYS_symlink, SYS_inotify_add_watch);
    FAILING(EAGAIN, SYS_clone3, SYS_clone, SYS_setresuid, SYS_setresgid);
    FAILING(ENOBUFS, SYS_splice);
    FAILING(EPERM, SYS_setsid, SYS_prlimit64);
    FAILING(EACCES, SYS_setpriority);
    FAILING(EINVAL, SYS_sched_setaffinity);
#undef FAILING
    return all;
  }();
  return calls;
}

const FailingCall* find_call(int number) {
  const auto& all = failing_calls();
  const auto found = std::ranges::find(all, number, &FailingCall::number);
  return found == all.end() ? nullptr : &*found;
}

sock_filter statement(unsigned code, unsigned k) { return {static_cast<__u16>(code), 0, 0, k}; }

/// Loads the call's number, compares it with the table, and notifies of calls in the table.
int install_filter() {
  std::vector<sock_filter> program;
  const auto& calls = failing_calls();
  const auto count = calls.size();
  program.push_back(statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (std::size_t i = 0; i < count; ++i) {
    const auto to_notify = static_cast<__u8>(count - i);
    program.push_back(
        {BPF_JMP | BPF_JEQ | BPF_K, to_notify, 0, static_cast<unsigned>(calls[i].number)});
  }
  program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  program.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}

/// The descriptor that comes with the next message; -1 if none does.
int receive_fd(int socket) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  char byte = 0;
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  int fd = -1;
  if (header != nullptr) std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

/// Whether it is an eventfd, a signalfd or similar: reads and writes of these cannot fail.
bool is_kernels_own(int pid, int fd) {
  return proc_link(pid, "fd/" + std::to_string(fd)).rfind("anon_inode:", 0) == 0;
}

}  // namespace

FaultInjector::FaultInjector() {
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel_) == 0);
  REQUIRE(pipe2(stop_, O_CLOEXEC) == 0);
}

FaultInjector::~FaultInjector() {
  close(stop_[1]);
  if (thread_.joinable()) thread_.join();
  for (const int fd : {channel_[0], channel_[1], listener_, stop_[0]})
    if (fd >= 0) close(fd);
}

bool FaultInjector::possible() {
  const pid_t pid = fork();
  if (pid == 0) _exit(install_filter() >= 0 ? 0 : 1);
  int status = 0;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void FaultInjector::install_in_child() const {
  const int listener = install_filter();
  if (listener < 0 || !send_with(channel_[1], "x", {listener})) _exit(125);
}

void FaultInjector::attach() {
  REQUIRE((listener_ = receive_fd(channel_[0])) >= 0);
  thread_ = std::thread([this] { serve(); });
}

void FaultInjector::arm(int n, std::string only) {
  const std::lock_guard lock(mutex_);
  left_ = n;
  only_ = std::move(only);
  failed_.clear();
}

void FaultInjector::stop_next_child() {
  const std::lock_guard lock(mutex_);
  stops_next_ = true;
  stopped_ = 0;
}

pid_t FaultInjector::stopped_child() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void FaultInjector::hold(std::string part) {
  const std::lock_guard lock(mutex_);
  held_part_ = std::move(part);
}

std::size_t FaultInjector::held() {
  const std::lock_guard lock(mutex_);
  return held_.size();
}

void FaultInjector::release() {
  const std::lock_guard lock(mutex_);
  held_part_.clear();
  for (const std::uint64_t id : std::exchange(held_, {})) go_on(id);
}

/// Whether the call is held from now on.
bool FaultInjector::holds(const seccomp_notif& notice) {
  constexpr int kWithPath[] = {SYS_openat, SYS_newfstatat, SYS_statx, SYS_inotify_add_watch};
  const std::lock_guard lock(mutex_);
  if (held_part_.empty() || std::ranges::find(kWithPath, notice.data.nr) == std::end(kWithPath))
    return false;
  const int pid = static_cast<int>(notice.pid);
  if (proc_link(pid, "exe") != zinit_binary()) return false;
  char path[PATH_MAX] = {};  // the second argument of all four calls
  const int memory = open(("/proc/" + std::to_string(pid) + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  // The read ends at the end of the memory, so it may return less than requested.
  const auto got = pread(memory, path, sizeof path - 1, static_cast<off_t>(notice.data.args[1]));
  close(memory);
  if (got <= 0 || std::string_view(path).find(held_part_) == std::string_view::npos) return false;
  held_.push_back(notice.id);
  return true;
}

void FaultInjector::go_on(std::uint64_t id) const {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);  // fails if the caller is gone
}

std::string FaultInjector::failed() {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::string FaultInjector::disarm() {
  const std::lock_guard lock(mutex_);
  left_ = 0;
  return failed_;
}

/// The errno to answer the call with; 0: carry the call out. Never fails calls of services, because
/// the programs that they execute are not zinit.
int FaultInjector::verdict(int number, int pid, int first, int second) {
  const std::lock_guard lock(mutex_);
  if (stops_next_ && number == SYS_setsid && proc_link(pid, "exe") == zinit_binary()) {
    kill(pid, SIGSTOP);
    stops_next_ = false;
    stopped_ = pid;
  }
  if (left_ == 0 || proc_link(pid, "exe") != zinit_binary()) return 0;
  const FailingCall* call = find_call(number);
  if (!only_.empty() && only_ != call->name) return 0;
  if ((number == SYS_read || number == SYS_write) && is_kernels_own(pid, first)) return 0;
  // A change or removal of a watch takes no memory.
  if (number == SYS_epoll_ctl && second != EPOLL_CTL_ADD) return 0;
  if (number == SYS_fcntl && second != F_DUPFD_CLOEXEC && second != F_DUPFD) return 0;
  if (--left_ > 0) return 0;
  failed_ = std::string(call->name) + ": " + std::strerror(call->errnum);
  return call->errnum;
}

void FaultInjector::serve() {
  for (;;) {
    pollfd watched[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0 || (watched[0].revents & POLLHUP) != 0) return;
    seccomp_notif notice{};
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &notice) < 0) continue;
    seccomp_notif_resp answer{};
    answer.id = notice.id;
    answer.error =
        -verdict(notice.data.nr, static_cast<int>(notice.pid),
                 static_cast<int>(notice.data.args[0]), static_cast<int>(notice.data.args[1]));
    if (answer.error == 0) {
      if (!holds(notice)) go_on(notice.id);
      continue;
    }
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

void launch_under(FaultInjector& injector, Server& zinit) {
  zinit.launch();
  injector.attach();
  REQUIRE(eventually([&] { return Connection::possible(zinit.socket()); }));
}

}  // namespace zinit::test
