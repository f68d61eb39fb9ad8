// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Mounts, in a test's own namespaces; the pure parts on texts.
#include "os/mount.hpp"
#include "base/fd.hpp"
#include "os/unmount.hpp"
#include "support/test.hpp"

namespace zinit::test::os_mount {
namespace {

/// A mount namespace whose changes nobody else sees.
bool own_mounts() {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

TEST_CASE("mount points are told from other directories", "[os][mount]") {
  CHECK(is_mounted("/"));
  CHECK(is_mounted("/proc"));
  CHECK_FALSE(is_mounted("/proc/self"));
  CHECK_FALSE(is_mounted("/nonexistent"));
  TempDir dir;
  CHECK_FALSE(is_mounted(dir.path()));
  CHECK_FALSE(is_mounted(dir.write("file", "")));
}

TEST_CASE("what is missing is mounted once, with its directory and flags", "[os][mount][root]") {
  if (!test::may_unshare(CLONE_NEWNS)) return test::skip("needs root and namespaces");
  TempDir dir;
  const std::string target = dir / "run";
  const std::string said = in_child([&]() -> std::string {
    if (!own_mounts()) return "no namespace";
    const MountRow row{"tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711"};
    const bool first = mount_if_missing(row).value(), second = mount_if_missing(row).value();
    const auto text = read_file("/proc/self/mountinfo", 1 << 20).value();
    const auto at = text.find(" " + target + " ");
    return (first ? "new" : "old") + std::string(second ? " new" : " old") +
           text.substr(at, text.find('\n', at) - at);
  });
  CHECK_THAT(said, StartsWith("new old " + target + " rw,nosuid,nodev") && Contains("mode=711"));
}

TEST_CASE("a mount that fails says why", "[os][mount]") {
  TempDir dir;
  const bool allowed = test::may_unshare(CLONE_NEWNS);
  const std::string below = dir.write("file", "") + "/x", there = dir / "there";
  const std::string said = in_child([&]() -> std::string {
    if (allowed && !own_mounts()) return "no namespace";
    return mount_if_missing({"tmpfs", below.c_str(), "tmpfs", 0, ""}).error().text + "|" +
           mount_if_missing({"x", there.c_str(), "nosuchfs", 0, ""}).error().text;
  });
  CHECK(said == "cannot make " + below + ": Not a directory|cannot mount " + there + ": " +
                    (allowed ? "No such device" : "Operation not permitted"));
}

TEST_CASE("the table of mounts goes from the outside in", "[os][mount]") {
  for (std::size_t i = 0; i < kSystemMounts.size(); ++i) {
    const std::string outer = std::string(kSystemMounts[i].target) + "/";
    for (std::size_t j = 0; j < i; ++j) {
      INFO(kSystemMounts[j].target << " before " << outer);
      CHECK_FALSE(std::string(kSystemMounts[j].target).starts_with(outer));
    }
    CHECK((kSystemMounts[i].flags & MS_NOSUID) != 0);
  }
}

TEST_CASE("the links of /dev are made where they are missing", "[os][mount]") {
  TempDir dir;
  REQUIRE(::symlink("elsewhere", (dir / "stdin").c_str()) == 0);
  CHECK(make_device_links(dir.path()).empty());
  for (const auto& [link, target] :
       {std::pair{"fd", "/proc/self/fd"}, std::pair{"stderr", "/proc/self/fd/2"},
        std::pair{"stdin", "elsewhere"}})
    CHECK(std::filesystem::read_symlink(dir / link) == target);
  CHECK(make_device_links("/nonexistent").size() == 4);
}

TEST_CASE("mounts are read with blanks in their names and optional fields", "[os][mount]") {
  const auto read = [](std::string_view text) {
    std::string all;
    for (const Mount& mount : parse_mountinfo(text)) all += mount.target + ": " + mount.type + "\n";
    return all;
  };
  CHECK(read("22 27 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
             "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
             "40 27 8:2 / /mnt/a\\040b\\134c rw shared:1 master:2 - xfs /dev/sdb rw\n"
             "broken line\n"
             "41 27 8:2 / /mnt rw -\n"
             "\n") == "/sys: sysfs\n/: ext4\n/mnt/a b\\c: xfs\n");
  // The end of the optional fields is not looked for before them.
  CHECK(read("42 27 8:2 - /mnt/x rw - xfs /dev/sdc rw\n43 27 8:2 / - rw\n") == "/mnt/x: xfs\n");
}

TEST_CASE("the last mount goes first, and what zinit needs stays", "[os][mount]") {
  std::vector<Mount> mounts;
  for (const auto* target :
       {"/", "/proc", "/sys", "/sys/fs/cgroup", "/dev", "/dev/pts", "/run", "/home", "/home/x",
        "/run/user/1000", "/device", "/proc/sys/fs/binfmt_misc", "/srv/jail/proc", "/home"})
    mounts.push_back({target, "x"});
  CHECK(unmount_order(mounts) ==
        Texts{"/home", "/srv/jail/proc", "/device", "/run/user/1000", "/home/x", "/home"});
}

TEST_CASE("all is unmounted, and what is busy is made read-only", "[os][mount][root]") {
  if (!test::may_unshare(CLONE_NEWNS)) return test::skip("needs root and namespaces");
  TempDir dir;
  const std::string said = in_child([&]() -> std::string {
    if (!own_mounts()) return "no namespace";
    for (const auto* name : {"a", "a/inner", "a", "busy", "busy/inner", "written", "with blank"}) {
      ::mkdir((dir / name).c_str(), 0755);
      if (::mount("x", (dir / name).c_str(), "tmpfs", 0, "") != 0) return "cannot mount "s + name;
    }
    const int file = ::open((dir / "busy/file").c_str(), O_CREAT | O_RDONLY, 0600);
    const int open_for_writing = ::open((dir / "written/file").c_str(), O_CREAT | O_WRONLY, 0600);
    const auto faults = unmount_all(after(Clock::now(), Milliseconds{10'000}), dir.path());
    std::string all;
    for (const Error& fault : faults) all += fault.text + "\n";
    const auto now = read_file("/proc/self/mountinfo", 1 << 20).value();
    for (const Mount& mount : parse_mountinfo(now))
      if (mount.target.starts_with(dir.path()))
        all += mount.target.substr(dir.path().size()) + "\n";
    if (::open((dir / "busy/new").c_str(), O_CREAT | O_RDONLY, 0600) >= 0 || errno != EROFS)
      all += "busy can be written\n";
    ::close(file);
    ::close(open_for_writing);
    if (!unmount_all(after(Clock::now(), Milliseconds{10'000}), dir.path()).empty() ||
        is_mounted(dir / "busy"))
      all += "still busy\n";
    return all;
  });
  CHECK(said == "cannot remount read-only " + dir.path() +
                    "/written: Device or resource busy\n/busy\n/written\n");
}

TEST_CASE("swap is found by its devices and files", "[os][mount]") {
  CHECK(parse_swaps("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
                    "/dev/sda2                               partition\t1048572\t0\t-2\n"
                    "/swap\\040file                             file\t1048572\t0\t-3\n") ==
        Texts{"/dev/sda2", "/swap file"});
  CHECK(parse_swaps("Filename Type Size Used Priority\n").empty());
  CHECK(parse_swaps("").empty());
}

}  // namespace
}  // namespace zinit::test::os_mount
