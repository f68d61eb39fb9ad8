// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The records of a shutdown in wtmp and utmp.
#include <utmpx.h>

#include "base/fd.hpp"
#include "machine/utmp.hpp"
#include "support/test.hpp"

namespace zinit::test::machine_utmp {
namespace {

/// Login files of a test; neither exists yet.
struct Files {
  const TempDir directory;
  const LoginFiles paths{directory / "wtmp", directory / "utmp"};
};

utmpx record_of(short type, const char* user, const std::string& line = {}) {
  utmpx record{};
  record.ut_type = type;
  std::strncpy(record.ut_user, user, sizeof record.ut_user - 1);
  std::strncpy(record.ut_line, line.c_str(), sizeof record.ut_line);
  return record;
}

void write_records(const std::string& path, const std::vector<utmpx>& records) {
  std::ofstream file(path, std::ios::binary);
  for (const utmpx& record : records)
    file.write(reinterpret_cast<const char*>(&record), sizeof record);
}

std::vector<utmpx> read_records(const std::string& path) {
  const auto bytes = read_file(path.c_str(), 1 << 20);
  REQUIRE(bytes);
  REQUIRE(bytes->size() % sizeof(utmpx) == 0);
  std::vector<utmpx> records(bytes->size() / sizeof(utmpx));
  std::memcpy(records.data(), bytes->data(), bytes->size());
  return records;
}

Texts users_in(const std::string& path) {
  Texts users;
  for (const utmpx& record : read_records(path)) users.emplace_back(record.ut_user);
  return users;
}

TEST_CASE("a shutdown is appended to wtmp, and takes the place of the run level in utmp",
          "[init][utmp]") {
  const Files files;
  const auto& [wtmp, utmp] = files.paths;
  REQUIRE(record_shutdown(files.paths));  // files that are missing are not made
  CHECK_FALSE(std::filesystem::exists(wtmp));
  CHECK_FALSE(std::filesystem::exists(utmp));
  const utmpx boot = record_of(BOOT_TIME, "reboot"), eve = record_of(USER_PROCESS, "eve");
  write_records(wtmp, {boot, eve});
  write_records(utmp, {boot, record_of(RUN_LVL, "runlevel"), eve});
  REQUIRE(record_shutdown(files.paths));
  CHECK(users_in(wtmp) == Texts{"reboot", "eve", "shutdown"});
  CHECK(users_in(utmp) == Texts{"reboot", "shutdown", "eve"});
  const utmpx record = read_records(wtmp).back();
  CHECK(record.ut_type == RUN_LVL);
  CHECK(record.ut_line == std::string("~"));
  CHECK(record.ut_tv.tv_sec > 0);
  write_records(utmp, {boot});  // without a run level
  REQUIRE(record_shutdown(files.paths));
  CHECK(users_in(utmp) == Texts{"reboot", "shutdown"});
}

TEST_CASE("a login file that cannot be written is told, and the other is written", "[init][utmp]") {
  const Files files;
  REQUIRE(::mkfifo(files.paths.wtmp.c_str(), 0600) == 0);
  write_records(files.paths.utmp, {});
  CHECK_FALSE(record_shutdown(files.paths));
  CHECK(read_records(files.paths.utmp).size() == 1);
}

TEST_CASE("the terminals of those who are logged in are told, and no other file", "[init][utmp]") {
  const Files files;
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK));
  REQUIRE(master);
  REQUIRE(::grantpt(master.get()) == 0);
  REQUIRE(::unlockpt(master.get()) == 0);
  const std::string terminal = ::ptsname(master.get());
  const UniqueFd open_end(::open(terminal.c_str(), O_RDWR | O_NOCTTY));
  const std::string file = files.directory / "file";
  write_records(file, {});
  const std::string line = terminal.substr(5);
  write_records(files.paths.utmp,
                {record_of(USER_PROCESS, "eve", "nowhere"),
                 record_of(USER_PROCESS, "eve", ".." + file), record_of(USER_PROCESS, "eve"),
                 record_of(DEAD_PROCESS, "eve", line), record_of(USER_PROCESS, "eve", line)});
  tell_terminals("down in 5 min", files.paths);
  char text[100] = {};
  const ssize_t size = ::read(master.get(), text, sizeof text);
  REQUIRE(size > 0);
  const std::string told(text, static_cast<std::size_t>(size));
  CHECK_THAT(told, Catch::Contains("down in 5 min"));
  CHECK(told.find("5 min") == told.rfind("5 min"));
  CHECK(std::filesystem::file_size(file) == 0);
}

}  // namespace
}  // namespace zinit::test::machine_utmp
