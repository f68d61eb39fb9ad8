// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts QEMU, and polls its lines and its end.
#include "vm/harness/vm.hpp"

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "base/format.hpp"
#include "support/system.hpp"

namespace zinit::vm {

using namespace test;

namespace {

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

struct Ends {
  UniqueFd ours;
  UniqueFd qemus;
};

Ends make_line() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    throw std::runtime_error(sys_failure("make", "a socket pair").value().text);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// The boot image with the files on top, in memory, so that nothing needs a clean-up.
UniqueFd make_initrd(const VmOptions& options, const std::vector<File>& files) {
  constexpr size_t kLimit = 256u << 20;
  const std::string image = options.folder + (options.bare ? "/initrd-bare" : "/initrd");
  std::string bytes = must(read_file(image.c_str(), kLimit));
  bytes += archive(files);
  UniqueFd fd(::memfd_create("initrd", 0));  // QEMU opens it by its number
  if (!fd) throw std::runtime_error(sys_failure("make", "a memory file").value().text);
  if (auto written = write_all(fd.get(), bytes, "initrd"); !written)
    throw std::runtime_error(written.error().text);
  return fd;
}

/// A shell on the second line, the same that disks have.
File shell_service() {
  constexpr size_t kLimit = 4096;
  return {"/etc/zinit/services/test-shell.toml",
          must(read_file("test/vm/disk/etc/zinit/services/test-shell.toml", kLimit))};
}

/// The frequency of the processor's time stamp counter, which an emulated processor shares. The
/// kernel would measure it by emulated timers, and on a busy machine be wrong by a factor of six.
std::int64_t tsc_khz() {
  static const std::int64_t khz = [] {
    const TimePoint begin = Clock::now();
    const auto ticks = static_cast<std::int64_t>(__rdtsc());
    while (Clock::now() - begin < Milliseconds(20)) continue;
    const auto passed = static_cast<std::int64_t>(__rdtsc()) - ticks;
    return passed * 1'000'000 / std::chrono::nanoseconds(Clock::now() - begin).count();
  }();
  return khz;
}

/// Arguments of every boot. `panic=-1` turns a panic into a reset, which ends QEMU. The console
/// shows zinit's log, but of the kernel's messages before that only warnings: each byte of a serial
/// line costs time. The other words save time too: the kernel skips tests of itself, and
/// measurements of hardware that an emulated processor does not have.
std::string kernel_arguments(const VmOptions& options) {
  std::string line = "console=ttyS0 loglevel=5 sysctl.kernel.printk=7 panic=-1";
  line += " no_timer_check mitigations=off tsc=reliable cryptomgr.notests";
  if (!options.disks.empty()) line += " possible_cpus=1";
  line += fmt::format(" tsc_early_khz={}", tsc_khz());
  if (!options.program.empty()) line += " rdinit=" + options.program;
  if (!options.kernel_arguments.empty()) line += " " + options.kernel_arguments;
  return line;
}

std::vector<std::string> disk_arguments(const std::vector<const Disk*>& disks) {
  std::vector<std::string> words;
  for (size_t i = 0; i < disks.size(); ++i) {
    const std::string device =
        i == 0 ? "nvme,serial=first" : fmt::format("virtio-blk-pci,addr={:#x}", 0x10 + i);
    // Tests read their results from the memory of this machine: no data has to reach its own disk.
    words.insert(words.end(),
                 {"-drive",
                  fmt::format("file=/dev/fd/{},format=raw,if=none,id=disk{},cache=unsafe",
                              disks[i]->fd(), i),
                  "-device", fmt::format("{},drive=disk{}", device, i)});
  }
  if (!disks.empty())
    words.insert(words.end(), {"-netdev", "user,id=net,restrict=on", "-device",
                               "virtio-net-pci,netdev=net,addr=0x8"});
  return words;
}

std::vector<std::string> command(const VmOptions& options, int initrd, int console, int shell,
                                 int monitor) {
  const auto line = [](const char* id, int fd) {
    return fmt::format("socket,id={},fd={}", id, fd);
  };
  // A q35 boots faster. But Debian's network/interfaces has the name that the card has in a pc.
  const char* const machine = options.disks.empty() ? "q35" : "pc";
  // For a machine that never has another processor, QEMU leaves out memory barriers. But an NVMe
  // device, a thread of its own, misses requests if the driver reads too early how far it has come.
  const char* const processors = options.disks.empty() ? "1" : "1,maxcpus=2";
  // `max` has AVX vectors and five levels of page tables, which cost an emulated machine a third of
  // its speed.
  // clang-format off
  std::vector<std::string> words = {
          "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-accel", "tcg",
          "-machine", machine,
          "-cpu", "qemu64,+rdrand", "-smp", processors, "-m",
          fmt::format("{}", options.memory_mib), "-display", "none", "-no-reboot",
          "-kernel", options.folder + "/vmlinuz",
          "-append", kernel_arguments(options),
          "-chardev", line("console", console), "-serial", "chardev:console",
          "-chardev", line("shell", shell), "-serial", "chardev:shell",
          "-chardev", line("monitor", monitor), "-mon", "chardev=monitor,mode=readline"};
  // clang-format on
  if (options.initrd) words.insert(words.end(), {"-initrd", fmt::format("/dev/fd/{}", initrd)});
  for (std::string& word : disk_arguments(options.disks)) words.push_back(std::move(word));
  return words;
}

}  // namespace

Vm::Vm(const VmOptions& options)
    : console_("console", {}, {}), shell_("shell", {}, {}), monitor_("monitor", {}, {}) {
  Ends console = make_line(), shell = make_line(), monitor = make_line();
  start(options, console.qemus.get(), shell.qemus.get(), monitor.qemus.get());
  const auto pump = [this](TimePoint deadline) { return this->pump(deadline); };
  console_ = Terminal("console", std::move(console.ours), pump);
  shell_ = Terminal("second line", std::move(shell.ours), pump);
  monitor_ = Terminal("QEMU's monitor", std::move(monitor.ours), pump);
}

Vm::~Vm() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  reap(true);
}

void Vm::start(const VmOptions& options, int console, int shell, int monitor) {
  std::vector<File> files = options.files;
  if (options.shell) files.push_back(shell_service());
  if (options.initrd) initrd_ = make_initrd(options, files);
  std::vector<std::string> words = command(options, initrd_.get(), console, shell, monitor);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe failed = must(make_pipe());
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error(sys_failure("fork", "a child").value().text);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the parent died before the call
    for (const int fd : {console, shell, monitor}) ::fcntl(fd, F_SETFD, 0);
    for (const Disk* disk : options.disks) ::fcntl(disk->fd(), F_SETFD, 0);
    ::execvp(argv[0], argv.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t n = ::write(failed.write.get(), &error, sizeof error);
    ::_exit(127);
  }
  failed.write.reset();
  int error = 0;
  if (::read(failed.read.get(), &error, sizeof error) == sizeof error) {
    reap(true);
    throw std::runtime_error(sys_failure("execute", words[0], error).value().text);
  }
}

bool Vm::reap(bool wait) {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, wait ? 0 : WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

bool Vm::pump(TimePoint deadline, int also) {
  pollfd fds[] = {{console_.fd(), POLLIN, 0},
                  {shell_.fd(), POLLIN, 0},
                  {monitor_.fd(), POLLIN, 0},
                  {also, POLLIN, 0}};
  constexpr std::int64_t kMinute = 60000;  // poll takes only an int
  const std::int64_t left = std::min(ms_between(Clock::now(), deadline) + 1, kMinute);
  if (::poll(fds, std::size(fds), static_cast<int>(left)) < 0 && errno != EINTR)
    throw std::runtime_error(sys_failure("poll", "the machine's lines").value().text);
  // The lines close together with QEMU; read their earlier output first.
  bool open = true;
  Terminal* lines[] = {&console_, &shell_, &monitor_};
  for (size_t i = 0; i < std::size(lines); ++i)
    if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) open = lines[i]->read_some() && open;
  return open;
}

int Vm::wait_for_end(Milliseconds limit) {
  const TimePoint deadline = Clock::now() + limit;
  while (pump(deadline))
    if (Clock::now() >= deadline)
      throw std::runtime_error("the machine does not end; its console:\n" + console_.tail());
  reap(true);
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

void Vm::log_in() {
  console_.wait_for("login: ");
  console_.send("root\n");
  console_.wait_for("# ");
}

void Vm::press_ctrl_alt_del() { monitor_.send("sendkey ctrl-alt-delete\n"); }

void Vm::press_power_button() { monitor_.send("system_powerdown\n"); }

}  // namespace zinit::vm
