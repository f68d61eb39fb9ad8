// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Copies images, and runs e2fsprogs' tools on the copies by their descriptors' names in /dev.
#include "vm/harness/disk.hpp"

#include "base/format.hpp"
#include "support/system.hpp"

namespace zinit::vm {

using namespace test;

namespace {

[[noreturn]] void fail(const char* verb, const std::string& object) {
  throw std::runtime_error(sys_failure(verb, object).value().text);
}

/// Copies the parts of the file that are not holes.
void copy_data(int from, int to, off_t size, const std::string& image) {
  for (off_t at = 0; (at = ::lseek(from, at, SEEK_DATA)) >= 0;) {
    const off_t end = ::lseek(from, at, SEEK_HOLE);
    if (end < 0) fail("seek in", image);
    for (off_t out = at; at < end;)
      if (::copy_file_range(from, &at, to, &out, static_cast<size_t>(end - at), 0) <= 0)
        fail("copy", image);
    if (at >= size) break;
  }
}

/// Runs a command with these descriptors open, and returns its standard output and error.
Answer run(std::vector<std::string> words, const std::vector<int>& open) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  auto pipe = make_pipe();
  if (!pipe) throw std::runtime_error(pipe.error().text);
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork", "a child");
  if (pid == 0) {
    for (const int fd : open) ::fcntl(fd, F_SETFD, 0);
    ::dup2(pipe->write.get(), STDOUT_FILENO);
    ::dup2(pipe->write.get(), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  pipe->write.reset();
  std::string output;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe->read.get(), buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<size_t>(n));
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) fail("wait for", words[0]);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), output};
}

}  // namespace

Disk::Disk(const std::string& image) {
  UniqueFd from(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!from || ::fstat(from.get(), &info) < 0) fail("open", image);
  const std::string folder = std::filesystem::path(image).parent_path();
  fd_ = UniqueFd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd_ || ::ftruncate(fd_.get(), info.st_size) < 0) fail("make a file in", folder);
  copy_data(from.get(), fd_.get(), info.st_size, image);
}

Answer Disk::check(std::size_t offset) const {
  const std::string device = fmt::format("/dev/fd/{}?offset={}", fd(), offset);
  return run({"/sbin/e2fsck", "-f", "-n", device}, {fd()});
}

Disk Disk::file(const std::string& path) const {
  Disk copy;
  copy.fd_ = UniqueFd(::memfd_create("disk", MFD_CLOEXEC));
  if (!copy.fd_) fail("make", "a memory file");
  const std::string request = fmt::format("dump {} /dev/fd/{}", path, copy.fd());
  run({"/sbin/debugfs", "-R", request, fmt::format("/dev/fd/{}", fd())}, {fd(), copy.fd()});
  if (struct stat info{}; ::fstat(copy.fd(), &info) < 0 || info.st_size == 0)
    throw std::runtime_error(path + " is not there, or empty");
  return copy;
}

void Disk::debug(const std::string& request) const {
  const Answer answer =
      run({"/sbin/debugfs", "-w", "-R", request, fmt::format("/dev/fd/{}", fd())}, {fd()});
  // debugfs exits with 0 even if a request fails. A successful request prints only the version.
  const bool quiet = answer.output.find('\n') == answer.output.size() - 1;
  if (answer.code != 0 || !quiet) throw std::runtime_error(request + ": " + answer.output);
}

}  // namespace zinit::vm
