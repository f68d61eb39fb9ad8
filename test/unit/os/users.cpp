// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Users and groups from a test's own files.
#include "os/users.hpp"
#include "support/test.hpp"

namespace zinit::test::os_users {
namespace {

using Groups = std::vector<gid_t>;

class Files {
 public:
  Files() {
    files.passwd = dir_.write("passwd",
                              "# no entry\n"
                              "\n"
                              "root:x:0:0:root:/root:/bin/sh\n"
                              "broken line\n"
                              "web:x:33:34:Web:/srv/web:/bin/false\n"
                              "4711:x:50:51::/srv/number:/bin/sh\n"
                              "short:x:60:61\n"
                              "last:x:70:71::/last:/bin/last");
    files.group = dir_.write("group",
                             "root:x:0:\n"
                             "www:x:34:\n"
                             "tls:x:100:root,web\n"
                             "backup:x:101:other,web,root\n"
                             "tls2:x:100:web\n"
                             "webby:x:102:webx\n");
  }
  const test::TempDir& dir() { return dir_; }

 private:
  test::TempDir dir_;

 public:
  UserFiles files;
};

TEST_CASE("a user brings group, supplementary groups, home and shell", "[os][users]") {
  Files f;
  const auto web = look_up("web", "", {}, f.files);
  REQUIRE(web);
  CHECK(web->ids.uid == 33u);
  CHECK(web->ids.gid == 34u);
  CHECK(web->ids.groups == Groups{34, 100, 101});
  CHECK(web->name == "web");
  CHECK(web->home == "/srv/web");
  CHECK(web->shell == "/bin/false");
  CHECK(look_up("last", "", {}, f.files)->ids.uid == 70u);  // without a line end
}

TEST_CASE("a group replaces the user's own, and the others stay", "[os][users]") {
  Files f;
  const auto web = look_up("web", "backup", {}, f.files);
  REQUIRE(web);
  CHECK(web->ids.gid == 101u);
  CHECK(web->ids.groups == Groups{101, 100});
}

TEST_CASE("a group alone leaves user and supplementary groups as they are", "[os][users]") {
  Files f;
  const auto www = look_up("", "www", {}, f.files);
  REQUIRE(www);
  CHECK(www->ids.uid == std::nullopt);
  CHECK(www->ids.gid == 34u);
  CHECK(www->ids.groups == std::nullopt);
  CHECK(www->name.empty());
  CHECK(look_up("", "", {}, f.files)->ids.gid == std::nullopt);
}

TEST_CASE("groups that are given are those, each once", "[os][users]") {
  Files f;
  CHECK(look_up("web", "", {{"backup", "7", "tls", "tls2"}}, f.files)->ids.groups ==
        Groups{101, 7, 100});
  CHECK(look_up("web", "", Texts{}, f.files)->ids.groups == Groups{});
  CHECK(look_up("", "", {{"tls"}}, f.files)->ids.groups == Groups{100});
  CHECK_FALSE(look_up("web", "", {{"nosuch"}}, f.files));
}

TEST_CASE("a number needs no entry, and uses one that is there", "[os][users]") {
  Files f;
  const auto unknown = look_up("1234", "", {}, f.files);
  REQUIRE(unknown);
  CHECK(unknown->ids.uid == 1234u);
  CHECK(unknown->ids.gid == 1234u);
  CHECK(unknown->ids.groups == Groups{1234});
  CHECK(unknown->name.empty());
  const auto known = look_up("33", "", {}, f.files);
  CHECK(known->name == "web");
  CHECK(known->ids.gid == 34u);
  CHECK(known->ids.groups == Groups{34, 100, 101});
  CHECK(look_up("", "77", {}, f.files)->ids.gid == 77u);
  CHECK(look_up("4711", "", {}, f.files)->ids.uid == 50u);  // the name of a user
}

TEST_CASE("a number works without any file", "[os][users]") {
  const UserFiles none{"/nonexistent/passwd", "/nonexistent/group"};
  const auto found = look_up("1000", "100", {}, none);
  REQUIRE(found);
  CHECK(found->ids.uid == 1000u);
  CHECK(found->ids.gid == 100u);
  CHECK(look_up("web", "", {}, none).error().text ==
        "cannot open /nonexistent/passwd: No such file or directory");
}

TEST_CASE("what is not known is named with the file", "[os][users]") {
  Files f;
  const auto before = test::open_descriptors();
  CHECK(look_up("nosuch", "", {}, f.files).error().text ==
        "cannot find user nosuch in " + f.files.passwd);
  CHECK(look_up("web", "nosuch", {}, f.files).error().text ==
        "cannot find group nosuch in " + f.files.group);
  CHECK_FALSE(look_up("nosuch", "", {}, f.files).error().temporary());
  for (const auto* wrong : {"-1", "4294967295", "99999999999999999999", "1 ", "broken line"}) {
    INFO(wrong);
    CHECK_FALSE(look_up(wrong, "", {}, f.files));
    CHECK_FALSE(look_up("", wrong, {}, f.files));
  }
  CHECK(test::open_descriptors() == before);
}

TEST_CASE("a group with thousands of members is read whole", "[os][users]") {
  Files f;
  std::string text = "first:x:10:web\nmany:x:11:";
  for (int i = 0; i < 20000; ++i) text += "member" + std::to_string(i) + ",";
  text += "web\nafter:x:12:web\n";
  f.files.group = f.dir().write("big", text);
  CHECK(look_up("web", "", {}, f.files)->ids.groups == Groups{34, 10, 11, 12});
}

TEST_CASE("lines that are no entries are passed over", "[os][users]") {
  Files f;
  f.files.passwd = f.dir().write("odd",
                                 "  # web:x:1:1::/comment:\n"
                                 "+\n"
                                 ":x:2:2::/nameless:\n"
                                 "web:x:two:2::/:\n"
                                 "web:x:3\n"
                                 "web:x:99999999999:1::/:\n"
                                 " web:x:33:34:a:/srv/web:/bin/sh:more\n");
  const auto web = look_up("web", "", {}, f.files);
  REQUIRE(web);
  CHECK(web->ids.uid == 33);
  CHECK(web->home == "/srv/web");
  CHECK(web->shell == "/bin/sh");
  f.files.group = f.dir().write("odd-groups",
                                "one:x\n"
                                "two:x:201: web , other\n"
                                "three:x:202:other,,web\n"
                                "four:x:203:webs,other\n");
  CHECK(look_up("web", "", {}, f.files)->ids.groups == Groups{34, 201, 202});
}

TEST_CASE("a line with a NUL is no entry, and the lines after it are", "[os][users]") {
  using namespace std::string_literals;
  Files f;
  f.files.passwd = f.dir().write("nul",
                                 "cut\0:x:1:1::/:\n"
                                 "home:x:2:2::/home\0/x:\n"
                                 "web:x:33:34:Web:/srv/web:/bin/false\n\0"s);
  f.files.group = f.dir().write("nul-groups", "bad:x:7:\0web\ntls:x:100:web\n"s);
  const auto web = look_up("web", "", {}, f.files);
  REQUIRE(web);
  CHECK(web->ids.uid == 33u);
  CHECK(web->home == "/srv/web");
  CHECK(web->ids.groups == Groups{34, 100});
  CHECK_FALSE(look_up("cut", "", {}, f.files));
  CHECK_FALSE(look_up("home", "", {}, f.files));
}

TEST_CASE("a line may have 4 MiB", "[os][users]") {
  Files f;
  std::string line = "web:x:33:34:" + std::string((std::size_t{4} << 20) - 13, 'x') + ":";
  REQUIRE(line.size() == std::size_t{4} << 20);
  f.files.passwd = f.dir().write("long", line + "\n");
  CHECK(look_up("web", "", {}, f.files)->ids.uid == 33u);
  f.files.passwd = f.dir().write("longer", line + "/\n");
  CHECK(look_up("web", "", {}, f.files).error().errnum == ERANGE);
}

TEST_CASE("an entry with the number that means unchanged is refused", "[os][users]") {
  Files f;
  f.files.passwd = f.dir().write("passwd",
                                 "ghost:x:4294967295:34::/:/bin/sh\n"
                                 "shade:x:80:4294967295::/:/bin/sh\n"
                                 "wraith:x:-1:-1::/:/bin/sh\n"
                                 "web:x:33:34::/:/bin/sh\n");
  f.files.group = f.dir().write("group", "ghosts:x:4294967295:web\ntls:x:100:web\n");
  CHECK(look_up("ghost", "", {}, f.files).error().text ==
        "cannot use user ghost of " + f.files.passwd + ": the id 4294967295 is reserved");
  CHECK_FALSE(look_up("ghost", "tls", {}, f.files));
  CHECK_FALSE(look_up("shade", "", {}, f.files));
  CHECK_FALSE(look_up("80", "", {}, f.files));
  CHECK_FALSE(look_up("wraith", "", {}, f.files));
  CHECK(look_up("web", "ghosts", {}, f.files).error().text ==
        "cannot use group ghosts of " + f.files.group + ": the id 4294967295 is reserved");
  CHECK_FALSE(look_up("web", "", {{"tls", "ghosts"}}, f.files));
  CHECK(look_up("web", "", {}, f.files)->ids.groups == Groups{34, 100});
}

}  // namespace
}  // namespace zinit::test::os_users
