// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds and opens the console, and fills descriptors 0 to 2. See console.hpp.
#include "os/console.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "os/kernel_command_line.hpp"

namespace zinit {

namespace {

constexpr int kStandardStreams = 3;

}  // namespace

std::vector<std::string> console_paths(std::string_view kernel_command_line) {
  constexpr std::string_view key = "console=";
  std::string last;
  for (const std::string& word : kernel_words(kernel_command_line)) {
    if (word == "--") break;  // what follows is for init, not for the kernel
    if (word.starts_with(key)) last = word.substr(key.size(), word.find(',') - key.size());
  }
  std::vector<std::string> paths;
  // A name with a slash is no device of the kernel. An empty name and `null` mean no console.
  if (!last.empty() && last != "null" && last.find('/') == std::string::npos)
    paths.push_back("/dev/" + last);
  paths.emplace_back("/dev/console");
  return paths;
}

Result<Console> open_console(const std::vector<std::string>& paths) {
  Failure why = sys_failure("open", "a console", ENOENT);
  for (const std::string& path : paths) {
    auto fd = open_fd(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (!fd) {
      why = Failure(fd.error());
    } else if (::isatty(fd->get()) == 0) {
      why = sys_failure("use", path + " as console", ENOTTY);
    } else {
      return Console{path, std::move(*fd)};
    }
  }
  return why;
}

Result<void> make_standard_streams(int fd) {
  for (int stream = 0; stream < kStandardStreams; ++stream) {
    // dup2(2) of a descriptor onto itself would leave close-on-exec set.
    if (stream == fd && ::fcntl(fd, F_SETFD, 0) < 0)
      return sys_failure("set up", "standard streams");
    if (::dup2(fd, stream) < 0) return sys_failure("set up", "standard streams");
  }
  return {};
}

Result<void> fill_standard_streams() {
  for (int stream = 0; stream < kStandardStreams; ++stream) {
    if (::fcntl(stream, F_GETFD) >= 0) continue;
    auto null = open_fd("/dev/null", O_RDWR);
    if (!null) return Failure(null.error());
    if (null->get() != stream) {
      if (::dup2(null->get(), stream) < 0) return sys_failure("set up", "standard streams");
    } else {
      ::fcntl(null->release(), F_SETFD, 0);
    }
  }
  return {};
}

}  // namespace zinit
