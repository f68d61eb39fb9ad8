// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads a service's pidfile. See pidfile.hpp.
#include "watch/pidfile.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/low_numbers.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"
#include "base/trusted_path.hpp"

namespace zinit {

namespace {

constexpr std::size_t kPidFileMaxBytes = 64;

/// The file's state now; nothing if it does not exist.
std::optional<struct stat> state_of(const PidFile& file) {
  const auto real = real_below(file.root, file.shown());
  struct stat now {};
  if (!real || ::stat(real->c_str(), &now) < 0) return std::nullopt;
  return now;
}

}  // namespace

std::optional<pid_t> parse_pidfile(std::string_view text) {
  const auto pid = parse_integer(trim(text.substr(0, text.find('\n'))));
  if (!pid || *pid <= 1 || *pid > std::numeric_limits<pid_t>::max()) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

PidFile PidFile::of(const ServiceSpec& spec) {
  PidFile file = as_kept(spec, {});
  if (file.path.empty()) return file;
  const auto before = state_of(file);
  if (!before) return file;
  file.inode = before->st_ino;
  file.modified = before->st_mtim;
  file.size = before->st_size;
  return file;
}

PidFile PidFile::as_kept(const ServiceSpec& spec, std::string_view fact) {
  PidFile file;
  if (spec.readiness->pidfile.empty()) return file;
  file.path = spec.readiness->pidfile;
  file.root = spec.process->root;
  while (file.root.ends_with('/')) file.root.pop_back();
  const auto words = split(fact, ' ');
  if (words.size() != 4) return file;
  const auto number = [&](std::size_t i) { return parse_integer(words[i]).value_or(-1); };
  file.size = number(0);
  file.inode = static_cast<ino_t>(number(1));
  file.modified = {.tv_sec = number(2), .tv_nsec = number(3)};
  return file;
}

std::string PidFile::fact() const {
  if (path.empty()) return {};
  return fmt::format("{} {} {} {}", size, static_cast<std::int64_t>(inode), modified.tv_sec,
                     modified.tv_nsec);
}

Result<std::optional<pid_t>> PidFile::read() const {
  const auto now = state_of(*this);
  if (!now) return std::nullopt;
  if (size >= 0 && now->st_ino == inode && now->st_size == size &&
      now->st_mtim.tv_sec == modified.tv_sec && now->st_mtim.tv_nsec == modified.tv_nsec)
    return std::nullopt;
  // To open a device may have an effect, and the directory may belong to the service's user.
  const auto file = open_trusted(path, O_RDONLY, 0, LastLink::followed, root);
  if (!file && (file.error().errnum == EPERM || file.error().errnum == ELOOP))
    return Failure(file.error());
  if (!file) return std::nullopt;
  const auto text = read_open_file(file->get(), shown().c_str(), kPidFileMaxBytes);
  return text ? parse_pidfile(*text) : std::nullopt;
}

Result<void> remove_pidfile(const std::string& root, const std::string& path, pid_t pid) {
  const auto failed = [&](std::string_view call) -> Result<void> {
    if (errno == ENOENT) return {};
    return sys_failure(call, root + path);
  };
  const auto in = open_folder_of(path, LastLink::refused, root);
  if (!in && in.error().errnum == ENOENT) return {};
  if (!in) return Failure(in.error());
  const UniqueFd file = raised(
      open_at(in->fd.get(), in->name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file) return failed("open");
  const auto text = read_open_file(file.get(), (root + path).c_str(), kPidFileMaxBytes);
  if (!text) return Failure(text.error());
  if (parse_pidfile(*text) != pid) return {};
  if (::unlinkat(in->fd.get(), in->name.c_str(), 0) < 0) return failed("unlink");
  return {};
}

void PidFileLook::carry_out() {
  if (inotify) watch_path();
  auto read = file.read();
  if (read)
    pid = *read;
  else
    refused = std::move(read.error().text);
}

/// Makes the kernel report changes in the nearest existing directory on the path.
void PidFileLook::watch_path() {
  constexpr std::uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
  const auto real = real_below(file.root, file.shown());
  if (!real) return;
  std::string path = *real, below;
  while (true) {
    below = path;
    const auto slash = path.rfind('/');
    name = path.substr(slash + 1);
    path.resize(slash);
    watch = ::inotify_add_watch(inotify->get(), path.empty() ? "/" : path.c_str(), events);
    if (watch >= 0) break;
    if (errno != ENOENT || path.empty()) return;
  }
  // Not watched if the missing part of the path was created before the watch was added.
  watched = below == *real || ::access(below.c_str(), F_OK) != 0;
}

}  // namespace zinit
