// Descriptors: making, reading and writing them with every failure told.
#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zinit {

namespace {

template <class Call>
auto repeat_on_eintr(Call call) {
  decltype(call()) result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

Result<void> write_temporary(const std::string& path, std::string_view data, mode_t mode) {
  auto fd = open_fd(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
  if (!fd) return Failure(fd.error());
  if (auto written = write_all(fd->get(), data, path); !written) return written;
  if (::fsync(fd->get()) < 0) return sys_failure("sync", path);
  return {};
}

}  // namespace

void UniqueFd::reset(int fd) noexcept {
  const int saved = errno;
  // close(2) is not repeated on EINTR: on Linux the number is free by then and may be another's.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  errno = saved;
}

Result<Pipe> make_pipe(int flags) {
  int fds[2];
  if (::pipe2(fds, flags | O_CLOEXEC) < 0) return sys_failure("make", "a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<UniqueFd> open_fd(const char* path, int flags, mode_t mode) {
  const int fd = repeat_on_eintr([&] { return ::open(path, flags | O_CLOEXEC, mode); });
  if (fd < 0) return sys_failure("open", path);
  return UniqueFd(fd);
}

Result<std::string> read_file(const char* path, size_t limit) {
  auto fd = open_fd(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return Failure(fd.error());
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return sys_failure("examine", path);
  if (S_ISDIR(status.st_mode)) return sys_failure("read", path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return Failure(
        Error{"cannot read " + std::string(path) + ": it is not a regular file", EINVAL});
  }
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t got = repeat_on_eintr([&] { return ::read(fd->get(), buffer, sizeof buffer); });
    if (got < 0) return sys_failure("read", path);
    if (got == 0) return text;
    if (text.size() + static_cast<size_t>(got) > limit) {
      return Failure(Error{"cannot read " + std::string(path) + ": it is larger than " +
                               std::to_string(limit) + " bytes",
                           EFBIG});
    }
    text.append(buffer, static_cast<size_t>(got));
  }
}

Result<void> write_all(int fd, std::string_view data, std::string_view object) {
  while (!data.empty()) {
    const ssize_t written = repeat_on_eintr([&] { return ::write(fd, data.data(), data.size()); });
    if (written < 0) return sys_failure("write", object);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const bool last = end == std::string::npos;
    if (::mkdir(part.c_str(), last ? mode : 0755) < 0 && errno != EEXIST) {
      return sys_failure("create directory", part);
    }
    if (last) return {};
  }
}

Result<void> sync_directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  auto fd = open_fd(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (!fd) return Failure(fd.error());
  // File systems that cannot sync a directory (EINVAL) have nothing to make durable.
  if (::fsync(fd->get()) < 0 && errno != EINVAL) return sys_failure("sync", directory);
  return {};
}

Result<void> replace_file(const std::string& path, std::string_view data, mode_t mode) {
  const std::string temporary = path + ".new~";
  if (auto written = write_temporary(temporary, data, mode); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) < 0) {
    auto failed = sys_failure("replace", path);
    ::unlink(temporary.c_str());
    return failed;
  }
  return sync_directory_of(path);
}

}  // namespace zinit
