// Who a service runs as: names of users and groups looked up in /etc/passwd and /etc/group.
//
// The files are read by fgetpwent_r(3) and fgetgrent_r(3) from streams of our own and never through
// NSS: a static program cannot load NSS's libraries, and what they talk to may be a service that is
// down.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace zinit {

/// The ids that a process takes before it executes its program; unset ones stay as they are.
struct Ids {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::optional<std::vector<gid_t>> groups;  // supplementary
};

struct Credentials {
  Ids ids;
  // Of the user's entry, for USER, HOME and SHELL; empty without a user or an entry.
  std::string name;
  std::string home;
  std::string shell;
};

struct UserFiles {
  std::string passwd = "/etc/passwd";
  std::string group = "/etc/group";
};

/// The credentials of a service with `user`, `group` and `groups` (names or numbers; empty or
/// nothing: unset).
///
/// A name is looked up first, so a user whose name is a number is found by it; a number needs no
/// entry. With `user` alone the group is the user's own, or, for a number without an entry, the
/// same number. Supplementary groups are `groups`, else those that list the user, besides the group
/// itself; with `group` alone they are left as they are.
///
/// @return  an error if a name is unknown or a file cannot be read (EMFILE, ENFILE and ENOMEM are
///          temporary).
/// Any thread; reads files, so hold no lock. (zinit.toml(5), "user / group", "groups")
[[nodiscard]] Result<Credentials> look_up(
    const std::string& user, const std::string& group,
    const std::optional<std::vector<std::string>>& groups = {}, const UserFiles& files = {});

}  // namespace zinit
