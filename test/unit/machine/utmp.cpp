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
  test::TempDir directory;

  [[nodiscard]] LoginFiles paths() const { return {directory / "wtmp", directory / "utmp"}; }
};

utmpx record_of(short type, const char* user) {
  utmpx record{};
  record.ut_type = type;
  std::strncpy(record.ut_user, user, sizeof record.ut_user - 1);
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

TEST_CASE("a shutdown is appended to wtmp", "[init][utmp]") {
  const Files files;
  write_records(files.paths().wtmp,
                {record_of(BOOT_TIME, "reboot"), record_of(USER_PROCESS, "eve")});
  REQUIRE(record_shutdown(files.paths()));
  const auto records = read_records(files.paths().wtmp);
  REQUIRE(records.size() == 3);
  CHECK(records[1].ut_user == std::string("eve"));
  CHECK(records[2].ut_type == RUN_LVL);
  CHECK(records[2].ut_user == std::string("shutdown"));
  CHECK(records[2].ut_line == std::string("~"));
  CHECK(records[2].ut_tv.tv_sec > 0);
}

TEST_CASE("a shutdown takes the place of the run level in utmp", "[init][utmp]") {
  const Files files;
  write_records(files.paths().utmp, {record_of(BOOT_TIME, "reboot"), record_of(RUN_LVL, "runlevel"),
                                     record_of(USER_PROCESS, "eve")});
  REQUIRE(record_shutdown(files.paths()));
  const auto records = read_records(files.paths().utmp);
  REQUIRE(records.size() == 3);
  CHECK(records[1].ut_user == std::string("shutdown"));
  CHECK(records[2].ut_user == std::string("eve"));
}

TEST_CASE("a utmp without a run level gets the record at its end", "[init][utmp]") {
  const Files files;
  write_records(files.paths().utmp, {record_of(BOOT_TIME, "reboot")});
  REQUIRE(record_shutdown(files.paths()));
  CHECK(read_records(files.paths().utmp).size() == 2);
}

TEST_CASE("login files that are missing are not made", "[init][utmp]") {
  const Files files;
  REQUIRE(record_shutdown(files.paths()));
  CHECK_FALSE(std::filesystem::exists(files.paths().wtmp));
  CHECK_FALSE(std::filesystem::exists(files.paths().utmp));
}

TEST_CASE("a login file that cannot be written is told, and the other is written", "[init][utmp]") {
  const Files files;
  REQUIRE(::mkfifo(files.paths().wtmp.c_str(), 0600) == 0);
  write_records(files.paths().utmp, {});
  CHECK_FALSE(record_shutdown(files.paths()));
  CHECK(read_records(files.paths().utmp).size() == 1);
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
  const auto on = [](short type, std::string line) {
    utmpx record = record_of(type, "eve");
    std::strncpy(record.ut_line, line.c_str(), sizeof record.ut_line);
    return record;
  };
  write_records(files.paths().utmp,
                {on(USER_PROCESS, "nowhere"), on(USER_PROCESS, ".." + file), on(USER_PROCESS, ""),
                 on(DEAD_PROCESS, terminal.substr(5)), on(USER_PROCESS, terminal.substr(5))});
  tell_terminals("down in 5 min", files.paths());
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
