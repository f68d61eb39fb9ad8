// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Walks a path from folder to folder. See trusted_path.hpp.
#include "base/trusted_path.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <deque>

#include "base/format.hpp"
#include "base/low_numbers.hpp"
#include "base/rooted.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

bool is_ours(uid_t owner) noexcept { return owner == 0 || owner == ::geteuid(); }

std::string folder_text(const FolderOfPath& folder) {
  return fmt::format("folder {} {}", folder.path.empty() ? "/" : folder.path,
                     who_can_write(folder.status));
}

class Walk {
 public:
  Walk(const std::string& path, LastLink last, const std::string& root)
      : root_(root), path_(path), last_(last) {}

  Result<FolderOfPath> to_end() {
    if (!restart(path_)) return fault();
    while (!parts_.empty()) {
      here_.name = std::move(parts_.front());
      parts_.pop_front();
      if (here_.name == ".." && !root_.empty() && is_top()) continue;
      if (!parts_.empty() && enter()) continue;
      if (!parts_.empty() && errno != ENOTDIR && errno != ELOOP) return fault();
      if (parts_.empty() && last_ == LastLink::refused) return std::move(here_);
      const UniqueFd link = open_at(here_.fd.get(), here_.name.c_str(), O_PATH | O_NOFOLLOW);
      struct stat status {};
      const bool is_link = link && ::fstat(link.get(), &status) == 0 && S_ISLNK(status.st_mode);
      if (!is_link && !parts_.empty()) return fault(link ? ENOTDIR : errno);
      if (!is_link) return std::move(here_);
      if (auto followed = follow(link.get(), status); !followed) return Failure(followed.error());
    }
    here_.name = ".";
    return std::move(here_);
  }

 private:
  /// Puts the parts of `path` before the remaining parts, and begins at the start of `path`.
  bool restart(const std::string& path) {
    const auto names = split(path, '/');
    for (auto name = names.rbegin(); name != names.rend(); ++name)
      if (!name->empty() && *name != ".") parts_.emplace_front(*name);
    const bool absolute = path.starts_with('/');
    if (!absolute && here_.fd) return true;
    const char* const top = root_.empty() ? "/" : root_.c_str();
    here_.fd = open_at(AT_FDCWD, absolute ? top : ".", O_PATH | O_DIRECTORY);
    here_.path = absolute ? root_ : ".";
    if (!here_.fd || ::fstat(here_.fd.get(), &here_.status) < 0) return false;
    if (absolute) top_ = here_.status;
    return true;
  }

  /// Whether `here_` is the root. By its number, as a folder may be moved during the walk.
  [[nodiscard]] bool is_top() const noexcept {
    return here_.status.st_ino == top_.st_ino && here_.status.st_dev == top_.st_dev;
  }

  /// Enters the folder `here_.name`. Without O_DIRECTORY an automount would not be mounted. Returns
  /// false, with errno, if it is not a folder.
  bool enter() {
    UniqueFd next = open_at(here_.fd.get(), here_.name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!next || ::fstat(next.get(), &here_.status) < 0) return false;
    here_.fd = std::move(next);
    if (here_.name != "..")
      here_.path.append("/").append(here_.name);
    else if (const auto slash = here_.path.rfind('/'); slash != std::string::npos)
      here_.path.resize(slash);  // the way here has no links
    return true;
  }

  Result<void> follow(int link, const struct stat& status) {
    if (others_can_write(here_.status) && !(is_ours(here_.status.st_uid) && is_ours(status.st_uid)))
      return Failure(Error{fmt::format("cannot open {}: {}/{} is a symbolic link, and its {}",
                                       root_ + path_, here_.path, here_.name, folder_text(here_)),
                           ELOOP});
    if (++links_ > kMostLinks) return fault(ELOOP);
    char target[PATH_MAX];
    const ssize_t length = ::readlinkat(link, "", target, sizeof target);
    if (length < 0 || !restart(std::string(target, static_cast<std::size_t>(length))))
      return fault();
    return {};
  }

  [[nodiscard]] Failure fault(int errnum = errno) const {
    return sys_failure("open", root_ + path_, errnum);
  }

  const std::string& root_;
  const std::string& path_;
  const LastLink last_;
  struct stat top_ {};
  std::deque<std::string> parts_;
  FolderOfPath here_;
  int links_ = 0;
};

}  // namespace

bool others_can_write(const struct stat& status) noexcept {
  const bool by_group =
      (status.st_mode & S_IWGRP) != 0 && status.st_gid != 0 && status.st_gid != ::getegid();
  return !is_ours(status.st_uid) || by_group || (status.st_mode & S_IWOTH) != 0;
}

std::string who_can_write(const struct stat& status) {
  return is_ours(status.st_uid)
             ? fmt::format("can be written to by others than its owner, uid {}", status.st_uid)
             : fmt::format("belongs to uid {}", status.st_uid);
}

Result<FolderOfPath> open_folder_of(const std::string& path, LastLink last,
                                    const std::string& root) {
  return Walk(path, last, root).to_end();
}

Result<UniqueFd> open_trusted(const std::string& path, int flags, mode_t mode, LastLink last,
                              const std::string& root) {
  const auto folder = open_folder_of(path, last, root);
  if (!folder) return Failure(folder.error());
  const std::string whole = root + path;
  UniqueFd fd = open_at(folder->fd.get(), folder->name.c_str(),
                        flags | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode);
  if (!fd && errno == ELOOP)
    return Failure(
        Error{"cannot open " + whole + ": it is a symbolic link; name the file itself", ELOOP});
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) < 0) return sys_failure("open", whole);
  const bool several = status.st_nlink > 1 && !S_ISDIR(status.st_mode);
  if (!others_can_write(folder->status) ||
      (!several && (S_ISREG(status.st_mode) || is_ours(status.st_uid)))) {
    return raised(std::move(fd));
  }
  return Failure(
      Error{fmt::format("cannot open {}: it {}, and its {}", whole,
                        several ? "has several names (hard links)" : "is no regular file",
                        folder_text(*folder)),
            EPERM});
}

}  // namespace zinit
