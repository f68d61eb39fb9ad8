// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Login records. Written by write(2), because glibc's functions use SIGALRM to wait for locks.
#include "machine/utmp.hpp"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utmpx.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

template <std::size_t size>
void put(char (&field)[size], std::string_view text) {
  std::memcpy(field, text.data(), std::min(size, text.size()));
}

/// The record of sysvinit: last(1) recognises a shutdown by these words.
utmpx shutdown_record() {
  utmpx record{};
  record.ut_type = RUN_LVL;
  put(record.ut_line, "~");
  put(record.ut_id, "~~");
  put(record.ut_user, "shutdown");
  utsname system{};
  if (::uname(&system) == 0) put(record.ut_host, system.release);
  const auto now = wall_us();
  record.ut_tv.tv_sec = static_cast<decltype(record.ut_tv.tv_sec)>(now / 1'000'000);
  record.ut_tv.tv_usec = static_cast<decltype(record.ut_tv.tv_usec)>(now % 1'000'000);
  return record;
}

std::string_view bytes_of(const utmpx& record) {
  return {reinterpret_cast<const char*>(&record), sizeof record};
}

/// The offset of the run level's record, or of the end of the last complete record.
off_t place_in_utmp(int fd) {
  off_t place = 0;
  utmpx record{};
  constexpr auto size = static_cast<ssize_t>(sizeof record);
  while (::pread(fd, &record, sizeof record, place) == size && record.ut_type != RUN_LVL)
    place += size;
  return place;
}

Result<void> write_record(const std::string& path, int flags, const utmpx& record) {
  auto fd = open_fd(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().errnum == ENOENT) return {};
  if (!fd) return Failure(fd.error());
  if ((flags & O_APPEND) == 0 && ::lseek(fd->get(), place_in_utmp(fd->get()), SEEK_SET) < 0)
    return sys_failure("seek in", path);
  return write_all(fd->get(), bytes_of(record), path);
}

/// Whether a line of utmp names a terminal in /dev. Other programs than root's may write utmp, and
/// to open another device may have an effect, as for a watchdog or a tape.
bool may_be_terminal(std::string_view line) {
  constexpr std::array<std::string_view, 6> kNames = {"tty", "pts/", "console",
                                                      "hvc", "sclp", "3270/"};
  return line.find("..") == std::string_view::npos &&
         std::ranges::any_of(kNames, [&](std::string_view name) { return line.starts_with(name); });
}

void tell_terminal(std::string_view line, std::string_view text) {
  if (!may_be_terminal(line)) return;
  const std::string path = fmt::format("/dev/{}", line);
  const auto terminal = open_fd(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (!terminal || ::isatty(terminal->get()) != 1) return;
  [[maybe_unused]] const ssize_t told = ::write(terminal->get(), text.data(), text.size());
}

}  // namespace

void tell_terminals(std::string_view text, const LoginFiles& files) {
  const std::string message = fmt::format("\r\n\a{}\r\n", text);
  const auto utmp = open_fd(files.utmp.c_str(), O_RDONLY | O_NONBLOCK);
  utmpx record{};
  while (utmp && ::read(utmp->get(), &record, sizeof record) == sizeof record) {
    const std::string_view line(record.ut_line, ::strnlen(record.ut_line, sizeof record.ut_line));
    if (record.ut_type == USER_PROCESS) tell_terminal(line, message);
  }
}

Result<void> record_shutdown(const LoginFiles& files) {
  const utmpx record = shutdown_record();
  auto wtmp = write_record(files.wtmp, O_WRONLY | O_APPEND, record);
  auto utmp = write_record(files.utmp, O_RDWR, record);
  return std::move(wtmp ? utmp : wtmp);
}

}  // namespace zinit
