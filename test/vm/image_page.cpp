// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// doc/image.md, *An image of your own*: its commands, exactly as written, make an image and boot
// it.
#include "vm/machine.hpp"
namespace zinit::vm::image_page {
namespace {

namespace fs = std::filesystem;

/// The commands of a page, without prompts. The page's blocks show no output.
std::string commands_of(const std::string& page) {
  std::ifstream file(page);
  std::string commands = "set -e\n";
  bool in_block = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```"))
      in_block = line == "```console";
    else if (in_block)
      commands += (line.starts_with("$ ") || line.starts_with("# ") ? line.substr(2) : line) + "\n";
  }
  return commands;
}

/// A folder that looks like a clone, with the kernel of the sample machine.
void make_clone(const test::TempDir& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::current_path()))
    fs::create_symlink(entry.path(), folder / entry.path().filename().string());
  fs::create_symlink(fs::current_path() / "build/vm/vmlinuz", folder / "vmlinuz");
}

/// bash with a script, in a folder, with a socket as its terminal.
class Script {
 public:
  Script(const std::string& folder, const std::string& text) : terminal_("script", {}, {}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const std::string path =
        fs::current_path().string() + "/build/vm/packages/root/bin:" + std::getenv("PATH");
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (int stream = 0; stream < 3; ++stream) ::dup2(ends[1], stream);
      ::setenv("PATH", path.c_str(), 1);
      if (::chdir(folder.c_str()) == 0)
        ::execlp("bash", "bash", "-c", text.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    ::close(ends[1]);
    terminal_ = Terminal("script", UniqueFd(ends[0]),
                         [this](TimePoint deadline) { return pump(deadline); });
  }
  ~Script() {
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;

  [[nodiscard]] Terminal& terminal() { return terminal_; }

  /// Waits for the script's end. @return  its exit code
  int wait() {
    while (pump(Clock::now() + kPatience)) {}
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  bool pump(TimePoint deadline) {
    pollfd line{terminal_.fd(), POLLIN, 0};
    const auto left = std::max<std::int64_t>(ms_between(Clock::now(), deadline), 0);
    if (::poll(&line, 1, static_cast<int>(left)) <= 0) return Clock::now() < deadline;
    return terminal_.read_some();
  }

  Terminal terminal_;
  pid_t pid_ = -1;
};

/// Logs in, and powers the machine off from busybox's shell.
void use(Terminal& console, const std::string& root) {
  console.wait_for("own login: ");
  console.send("root\n");
  console.wait_for("# ");
  console.output_of("zinitctl wait web getty@ttyS0 syslogd --for running --timeout 120");
  CHECK_THAT(console.output_of("zinitctl list"), Contains("[.]  loopback"));
  CHECK_THAT(console.output_of("wget -q -O - http://127.0.0.1/hostname"), Contains("own\n"));
  CHECK_THAT(console.output_of("grep ' / ' /proc/mounts"), Contains(root));
  console.send("poweroff\n");
  console.wait_for("reboot: Power down");
}

SCENARIO("what doc/image.md says makes an image that boots, from memory and from a disk") {
  if (no_disk_images()) return test::skip("files of the disk are to be root's");
  const test::TempDir clone;
  make_clone(clone);
  Script script(clone.path(), commands_of("doc/image.md"));
  step("as an initramfs", [&] { use(script.terminal(), "rootfs / rootfs"); });
  step("from a disk", [&] { use(script.terminal(), "/dev/root / ext4 rw"); });
  CHECK(script.wait() == 0);
}

}  // namespace
}  // namespace zinit::vm::image_page
