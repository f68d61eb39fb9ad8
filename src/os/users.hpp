// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The user and groups that a service runs as: looks up names in /etc/passwd and /etc/group.
//
// Reads the files itself, and never through NSS: a static program cannot load NSS's libraries, and
// they may need a service that is down.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace zinit {

/// The ids that a process takes before it executes its program. Unset ids stay unchanged.
struct Ids {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  std::optional<std::vector<gid_t>> groups;  // supplementary
};

struct Credentials {
  Ids ids;
  // From the user's entry, for USER, HOME and SHELL. Empty without a user or an entry.
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
/// Names are looked up first, so a user whose name is a number is found by name. A number needs no
/// entry. If only `user` is set, the group is the user's own, or, for a number without an entry,
/// the same number. Supplementary groups are `groups`; if unset, the group itself and the groups
/// that list the user. If only `group` is set, they stay unchanged.
///
/// @return  an error if a name is unknown or a file cannot be read (EMFILE, ENFILE and ENOMEM are
///          temporary)
/// Any thread. Reads files, so hold no lock. (zinit.toml(5), "user / group", "groups")
[[nodiscard]] Result<Credentials> look_up(
    const std::string& user, const std::string& group,
    const std::optional<std::vector<std::string>>& groups = {}, const UserFiles& files = {});

}  // namespace zinit
