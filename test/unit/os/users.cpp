// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Users and groups from a test's own files. A case of users.golden has `passwd LINE`, `group LINE`
// (if none, the usual files), and below them USER|GROUP|GROUPS, where GROUPS are separated by
// commas, `none` of them, or not given.
#include "os/users.hpp"
#include "base/text.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::os_users {
namespace {

constexpr std::string_view kPasswd =
    "# no entry\n\nroot:x:0:0:root:/root:/bin/sh\nbroken "
    "line\nweb:x:33:34:Web:/srv/web:/bin/false\n"
    "4711:x:50:51::/srv/number:/bin/sh\nshort:x:60:61\nlast:x:70:71::/last:/bin/last";
constexpr std::string_view kGroup =
    "root:x:0:\nwww:x:34:\ntls:x:100:root,web\nbackup:x:101:other,web,root\ntls2:x:100:web\n"
    "webby:x:102:webx\n";

struct Files {
  explicit Files(std::string_view passwd = kPasswd, std::string_view group = kGroup)
      : files{dir.write("passwd", passwd), dir.write("group", group)} {}
  TempDir dir;
  UserFiles files;

  /// What is found, or the error, in which FOLDER stands for the folder of the files.
  [[nodiscard]] std::string look(const std::string& user, const std::string& group = "",
                                 const std::optional<Texts>& groups = {}) const {
    const auto found = look_up(user, group, groups, files);
    if (!found) {
      std::string text = found.error().text;
      if (const auto at = text.find(dir.path()); at != text.npos)
        text.replace(at, dir.path().size(), "FOLDER");
      return text + (found.error().temporary() ? " (temporary)" : "");
    }
    std::string text;
    if (found->ids.uid) text += "uid " + std::to_string(*found->ids.uid);
    if (found->ids.gid) text += " gid " + std::to_string(*found->ids.gid);
    if (found->ids.groups) text += " groups";
    if (found->ids.groups)
      for (const gid_t each : *found->ids.groups) text += " " + std::to_string(each);
    return text + " '" + found->name + "' '" + found->home + "' '" + found->shell + "'";
  }
};

std::string answers(const std::string& input) {
  std::string passwd, group;
  Texts questions;
  for (const std::string_view line : split(input, '\n')) {
    if (line.starts_with("passwd "))
      passwd += unescaped(line.substr(7)) + "\n";
    else if (line.starts_with("group "))
      group += unescaped(line.substr(6)) + "\n";
    else if (!line.empty())
      questions.emplace_back(line);
  }
  const Files files(passwd.empty() ? kPasswd : passwd, group.empty() ? kGroup : group);
  const auto before = open_descriptors();
  std::string text;
  for (const std::string& question : questions) {
    const auto words = split(question, '|');
    std::optional<Texts> groups;
    if (words.size() > 2) groups.emplace();
    if (words.size() > 2 && words[2] != "none")
      for (const std::string_view each : split(words[2], ',')) groups->emplace_back(each);
    text += question + ": " + files.look(std::string(words[0]), std::string(words.at(1)), groups) +
            "\n";
  }
  CHECK(open_descriptors() == before);
  return text;
}

TEST_CASE("users and groups are those of the files, by name or number", "[os][users]") {
  CHECK_GOLDEN_CASES("users", answers);
}

TEST_CASE("a number works without any file", "[os][users]") {
  Files none;
  none.files = {"/nonexistent/passwd", "/nonexistent/group"};
  CHECK(none.look("1000", "100") == "uid 1000 gid 100 groups 100 '' '' ''");
  CHECK(none.look("web") == "cannot open /nonexistent/passwd: No such file or directory");
}

TEST_CASE("a group may have thousands of members, and a line 4 MiB", "[os][users]") {
  std::string members = "first:x:10:web\nmany:x:11:";
  for (int i = 0; i < 20000; ++i) members += "member" + std::to_string(i) + ",";
  CHECK_THAT(Files(kPasswd, members + "web\nafter:x:12:web\n").look("web"),
             Contains(" groups 34 10 11 12 "));
  std::string line = "web:x:33:34:" + std::string((std::size_t{4} << 20) - 13, 'x') + ":";
  REQUIRE(line.size() == std::size_t{4} << 20);
  CHECK_THAT(Files(line + "\n").look("web"), StartsWith("uid 33 "));
  CHECK(look_up("web", "", {}, Files(line + "/\n").files).error().errnum == ERANGE);
}

}  // namespace
}  // namespace zinit::test::os_users
