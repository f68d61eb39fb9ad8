// Files, links and directories that are put in place as a whole, so that a loss of power, a full
// disk or another writer leaves what was there or what was meant, and nothing between.
//
// Each function that changes a name syncs the directory too. What goes wrong before the change is a
// failure: everything is as it was. What goes wrong after it is a Remark, for then it is done.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// Of what is done: empty, or why it may not outlast a loss of power.
using Remark = std::string;

/// What a file is given beside its text: the exact mode, whatever the umask is, and owner and
/// group, where -1 stays the writer's.
struct FileOwner {
  mode_t mode = 0644;
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
};

/// Those of what is there.
[[nodiscard]] FileOwner owner_of(const struct stat& there) noexcept;

/// Makes the directory, and those above it that are missing with mode 0755; those that are there
/// stay as they are. `path` has no end slash.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode);

/// Replaces `path` by `data` as a whole: a temporary file of a name of its own beside it, fsync,
/// rename, fsync of the directory. Several may do so at once: the last one's text stands. A failure
/// leaves no temporary behind; a crash may, and its name, `.zinit-*.new~`, is no service file's.
/// Who may not give files away makes one of his own; where its group cannot be set, the group has
/// the rights of all others, lest another group get those of the right one.
[[nodiscard]] Result<Remark> replace_file(const std::string& path, std::string_view data,
                                          const FileOwner& owner);

/// Makes the symbolic link `path`; with `replace` in place of what is there.
[[nodiscard]] Result<Remark> make_link(const std::string& target, const std::string& path,
                                       bool replace = false);

/// unlink(2), and the directory synced.
[[nodiscard]] Result<Remark> remove_file(const std::string& path);

}  // namespace zinit
