// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads /etc/passwd and /etc/group entry by entry. See users.hpp.
#include "os/users.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// A group may list thousands of members. A longer line is an error.
constexpr std::size_t kLineMax = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMostFields = 7;

/// Means "unchanged" to setresuid(2), setresgid(2) and chown(2): such a service would stay root.
constexpr std::uint32_t kNoId = 0xffffffff;

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name, home, shell;
};

struct Group {
  gid_t gid = 0;
  std::string_view name, members;
};

using Fields = std::array<std::string_view, kMostFields>;

/// Reads one line, without its end. By characters: fgets(3) does not say where a line ends that has
/// a NUL. @return  false at the end of the file
Result<bool> next_line(std::FILE* file, const std::string& path, std::string& line) {
  line.clear();
  int c;
  while ((c = ::getc_unlocked(file)) != EOF && c != '\n') {
    if (line.size() == kLineMax) return sys_failure("read", path, ERANGE);
    line += static_cast<char>(c);
  }
  if (std::ferror(file) != 0) return sys_failure("read", path);
  return c != EOF || !line.empty();
}

/// Calls `visit` with the fields of each line of the file at `path` until it returns true. Fields
/// that a line does not have are empty. A comment has none, nor has a line with a NUL: a name or
/// directory that is cut there would be another one. musl has no fgetpwent_r(3).
/// @return  whether `visit` returned true
template <class Visit>
Result<bool> each_line(const std::string& path, Visit visit) {
  const UniqueFile file(std::fopen(path.c_str(), "re"));
  if (!file) return sys_failure("open", path);
  std::string line;
  while (true) {
    const auto more = next_line(file.get(), path, line);
    if (!more || !*more) return more;
    std::string_view rest = trim(line);
    if (rest.starts_with('#') || rest.find('\0') != rest.npos) continue;
    Fields fields;
    for (std::string_view& field : fields) {
      field = rest.substr(0, rest.find(':'));
      rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    }
    if (visit(fields)) return true;
  }
}

/// The number of a user or group in one of the files. kNoId may stand there.
std::optional<std::uint32_t> id_of(std::string_view field) {
  const auto number = parse_integer(field);
  if (!number || *number < 0 || *number > kNoId) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

/// Visits the entries of the file of users; skips lines that are not entries.
template <class Visit>
Result<bool> each_user(const UserFiles& files, Visit visit) {
  return each_line(files.passwd, [&](const Fields& fields) {
    const auto uid = id_of(fields[2]), gid = id_of(fields[3]);
    return !fields[0].empty() && uid && gid &&
           visit(User{*uid, *gid, std::string(fields[0]), std::string(fields[5]),
                      std::string(fields[6])});
  });
}

template <class Visit>
Result<bool> each_group(const UserFiles& files, Visit visit) {
  return each_line(files.group, [&](const Fields& fields) {
    const auto gid = id_of(fields[2]);
    return !fields[0].empty() && gid && visit(Group{*gid, fields[0], fields[3]});
  });
}

bool lists(const Group& group, std::string_view user) {
  std::string_view rest = group.members;
  while (!rest.empty()) {
    const std::string_view member = rest.substr(0, rest.find(','));
    if (trim(member) == user) return true;
    rest.remove_prefix(std::min(member.size() + 1, rest.size()));
  }
  return false;
}

/// Parses a user or group number; nothing if `text` is no number or too large.
std::optional<std::uint32_t> id_number(const std::string& text) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number >= kNoId) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

Failure no_id(std::string_view kind, const std::string& wanted, const std::string& file) {
  return failure(
      fmt::format("cannot use {} {} of {}: the id {} is reserved", kind, wanted, file, kNoId));
}

/// Finds a user by name, else by number. A number may have no entry.
Result<User> find_user(const std::string& wanted, const UserFiles& files) {
  const auto number = id_number(wanted);
  std::optional<User> by_name, by_number;
  const auto read = each_user(files, [&](const User& entry) {
    if (entry.name == wanted) by_name = entry;
    if (number && entry.uid == *number && !by_number) by_number = entry;
    return by_name.has_value();
  });
  if (auto& found = by_name ? by_name : by_number) {
    if (found->uid == kNoId || found->gid == kNoId) return no_id("user", wanted, files.passwd);
    return std::move(*found);
  }
  if (!read && (!number || read.error().temporary())) return Failure(read.error());
  if (!number) return failure("cannot find user " + wanted + " in " + files.passwd);
  return User{*number, *number, {}, {}, {}};
}

Result<gid_t> find_group(const std::string& wanted, const UserFiles& files) {
  std::optional<gid_t> gid;
  const auto read = each_group(files, [&](const Group& entry) {
    if (entry.name == wanted) gid = entry.gid;
    return gid.has_value();
  });
  if (gid == kNoId) return no_id("group", wanted, files.group);
  if (gid) return *gid;
  const auto number = id_number(wanted);
  if (!read && (!number || read.error().temporary())) return Failure(read.error());
  if (!number) return failure("cannot find group " + wanted + " in " + files.group);
  return *number;
}

Result<std::vector<gid_t>> find_groups(const std::vector<std::string>& wanted,
                                       const UserFiles& files) {
  std::vector<gid_t> all;
  for (const std::string& name : wanted) {
    const auto gid = find_group(name, files);
    if (!gid) return Failure(gid.error());
    add_once(all, *gid);
  }
  return all;
}

/// `own`, and every group that lists the user. Without a group file there are no others.
Result<std::vector<gid_t>> groups_of(const std::string& user, gid_t own, const UserFiles& files) {
  std::vector<gid_t> all{own};
  if (user.empty()) return all;
  const auto read = each_group(files, [&](const Group& entry) {
    const bool known = contains(all, entry.gid);
    const bool usable = entry.gid != kNoId;  // setgroups(2) refuses a list with it
    if (!known && usable && lists(entry, user)) all.push_back(entry.gid);
    return false;
  });
  if (!read && read.error().errnum != ENOENT) return Failure(read.error());
  return all;
}

}  // namespace

Result<Credentials> look_up(const std::string& user, const std::string& group,
                            const std::optional<std::vector<std::string>>& groups,
                            const UserFiles& files) {
  Credentials found;
  if (!group.empty()) {
    const auto gid = find_group(group, files);
    if (!gid) return Failure(gid.error());
    found.ids.gid = *gid;
  }
  if (!user.empty()) {
    auto entry = find_user(user, files);
    if (!entry) return Failure(entry.error());
    found.ids.uid = entry->uid;
    if (!found.ids.gid) found.ids.gid = entry->gid;
    found.name = std::move(entry->name);
    found.home = std::move(entry->home);
    found.shell = std::move(entry->shell);
  }
  if (user.empty() && !groups) return found;
  auto all = groups ? find_groups(*groups, files) : groups_of(found.name, *found.ids.gid, files);
  if (!all) return Failure(all.error());
  found.ids.groups = std::move(*all);
  return found;
}

}  // namespace zinit
