// Reads /etc/passwd and /etc/group entry by entry. See users.hpp.
#include "os/users.hpp"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cstdio>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// Buffer sizes for one entry: a group may list thousands of members. Longer entries are an error.
constexpr std::size_t kEntryStart = std::size_t{4} * 1024;
constexpr std::size_t kEntryMax = std::size_t{4} * 1024 * 1024;

/// Means "unchanged" to setresuid(2), setresgid(2) and chown(2): such a service would stay root.
constexpr std::uint32_t kNoId = 0xffffffff;

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name, home, shell;
};

std::string text_of(const char* text) { return text != nullptr ? text : ""; }

User user_of(const passwd& entry) {
  return {entry.pw_uid, entry.pw_gid, text_of(entry.pw_name), text_of(entry.pw_dir),
          text_of(entry.pw_shell)};
}

bool lists(const group& entry, const std::string& user) {
  for (char** member = entry.gr_mem; member != nullptr && *member != nullptr; ++member)
    if (*member == user) return true;
  return false;
}

/// Calls `visit` with each entry of the file at `path` until it returns true. `next` is fgetpwent_r
/// or fgetgrent_r. They skip malformed lines, and read an entry again if the buffer was too small.
/// @return  whether `visit` returned true
template <class Entry, class Next, class Visit>
Result<bool> each_entry(const std::string& path, Next next, Visit visit) {
  const UniqueFile file(std::fopen(path.c_str(), "re"));
  if (!file) return sys_failure("open", path);
  std::vector<char> buffer(kEntryStart);
  while (true) {
    Entry entry{};
    Entry* found = nullptr;
    const int errnum = next(file.get(), &entry, buffer.data(), buffer.size(), &found);
    if (errnum == ERANGE && buffer.size() < kEntryMax) {
      buffer.resize(buffer.size() * 4);
    } else if (errnum == ENOENT || (errnum == 0 && found == nullptr)) {
      return false;
    } else if (errnum != 0) {
      return sys_failure("read", path, errnum);
    } else if (visit(*found)) {
      return true;
    }
  }
}

template <class Visit>
Result<bool> each_user(const UserFiles& files, Visit visit) {
  return each_entry<passwd>(files.passwd, ::fgetpwent_r, visit);
}

template <class Visit>
Result<bool> each_group(const UserFiles& files, Visit visit) {
  return each_entry<group>(files.group, ::fgetgrent_r, visit);
}

/// Parses a user or group number; nothing if `text` is no number or too large.
std::optional<std::uint32_t> id_number(const std::string& text) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number >= kNoId) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

Failure no_id(std::string_view kind, const std::string& wanted, const std::string& file) {
  return failure(
      fmt::format("cannot use {} {} of {}: {} is no number for one", kind, wanted, file, kNoId));
}

/// Finds a user by name, else by number. A number may have no entry.
Result<User> find_user(const std::string& wanted, const UserFiles& files) {
  const auto number = id_number(wanted);
  std::optional<User> by_name, by_number;
  const auto read = each_user(files, [&](const passwd& entry) {
    if (entry.pw_name == wanted) by_name = user_of(entry);
    if (number && entry.pw_uid == *number && !by_number) by_number = user_of(entry);
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
  const auto read = each_group(files, [&](const group& entry) {
    if (entry.gr_name == wanted) gid = entry.gr_gid;
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
    if (std::find(all.begin(), all.end(), *gid) == all.end()) all.push_back(*gid);
  }
  return all;
}

/// `own`, and every group that lists the user. Without a group file there are no others.
Result<std::vector<gid_t>> groups_of(const std::string& user, gid_t own, const UserFiles& files) {
  std::vector<gid_t> all{own};
  if (user.empty()) return all;
  const auto read = each_group(files, [&](const group& entry) {
    const bool known = std::find(all.begin(), all.end(), entry.gr_gid) != all.end();
    const bool usable = entry.gr_gid != kNoId;  // setgroups(2) refuses a list with it
    if (!known && usable && lists(entry, user)) all.push_back(entry.gr_gid);
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
