// Making the directory of notify sockets, and removing what others have left beside it.
#include "io/notify_directory.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "base/unix_address.hpp"
#include "io/datagram_socket.hpp"

namespace zinit {

namespace {

// Another zinit may remove the directory just before there is a socket in it; and a zinit that was
// executed anew, or one of the same pid in another namespace, has sockets of the first numbers.
constexpr int kAttempts = 4096;

/// The names in it that are numbers; none where it cannot be read.
std::vector<std::string> numbers_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), ::closedir);
  if (!open) return names;
  while (const dirent* entry = ::readdir(open.get()))
    if (parse_integer(entry->d_name)) names.emplace_back(entry->d_name);
  return names;
}

/// Whether a socket is there that nobody has open, as far as can be told. The kernel refuses a
/// connection to what is no socket, too.
bool is_abandoned(const std::string& path) {
  struct stat there {};
  if (path.size() > kUnixPathMax) return false;
  if (::lstat(path.c_str(), &there) < 0 || !S_ISSOCK(there.st_mode)) return false;
  return try_datagram_socket(path) == ECONNREFUSED;
}

void remove_abandoned(const std::string& directory) {
  for (const std::string& name : numbers_in(directory)) {
    const std::string path = directory + "/" + name;
    if (is_abandoned(path)) ::unlink(path.c_str());
  }
}

}  // namespace

NotifyDirectory::NotifyDirectory(std::string shared)
    : shared_(std::move(shared)),
      own_(shared_.empty() ? "" : fmt::format("{}/{}", shared_, ::getpid())) {}

NotifyDirectory::~NotifyDirectory() {
  MutexLock lock(mutex_);
  if (made_) ::rmdir(own_.c_str());
}

/// The first time sees to what others have left, and one of the same pid before.
Result<void> NotifyDirectory::make() {
  if (auto there = make_directories(own_, 0755); !there) return there;
  if (std::exchange(made_, true)) return {};
  for (const std::string& name : numbers_in(shared_)) {
    const std::string directory = shared_ + "/" + name;
    remove_abandoned(directory);
    if (directory != own_) ::rmdir(directory.c_str());  // refused where there are sockets
  }
  return {};
}

Result<NotifySocket> NotifyDirectory::add_socket() {
  if (own_.empty()) return sys_failure("make", "a notify socket", ENOENT);
  MutexLock lock(mutex_);
  for (int attempt = 0;; ++attempt) {
    if (auto there = make(); !there) return Failure(there.error());
    auto socket = NotifySocket::at_path(fmt::format("{}/{}", own_, ++last_));
    if (socket || attempt >= kAttempts) return socket;
    if (socket.error().errnum != EADDRINUSE && socket.error().errnum != ENOENT) return socket;
  }
}

}  // namespace zinit
