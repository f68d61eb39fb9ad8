// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The checks before a switch-root.
#include "machine/switch_root.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "os/program_file.hpp"
#include "state/journal.hpp"

namespace zinit {

namespace {

// Every file of zinit holds this text, in the form that what(1) finds.
[[gnu::used]] constexpr auto kMark = [] {
  static_assert(kJournalVersion < 10);
  std::array text = std::to_array("@(#)zinit, version 0 of the journal");
  *std::ranges::find(text, '0') = static_cast<char>('0' + kJournalVersion);
  return text;
}();

// Larger than any file of zinit, also with sanitizers.
constexpr std::size_t kMostProgram = std::size_t{128} << 20;

Failure refusal(std::string text, int errnum) { return Failure(Error{std::move(text), errnum}); }

/// The path of `root` without symbolic links.
Result<std::string> real_directory(const std::string& root) {
  char path[PATH_MAX];
  if (::realpath(root.c_str(), path) == nullptr) return sys_failure("find", printable(root));
  return std::string(path);
}

Result<void> check_root(const std::string& root) {
  const std::string shown = printable(root);
  if (!root.starts_with('/')) return refusal(shown + " is not an absolute path", EINVAL);
  const auto path = real_directory(root);
  if (!path) return Failure(path.error());
  struct stat there {};
  struct stat here {};
  if (::stat(path->c_str(), &there) < 0) return sys_failure("find", shown);
  if (!S_ISDIR(there.st_mode)) return refusal(shown + " is not a directory", ENOTDIR);
  if (::stat("/", &here) < 0) return sys_failure("find", "/");
  if (there.st_dev == here.st_dev)
    return refusal(shown + " is on the same file system as /", EXDEV);
  if (!is_mounted(*path))
    return refusal(fmt::format("nothing is mounted at {}; mount the new root there first", shown),
                   EINVAL);
  for (const std::string_view carried : kCarriedMounts)
    if (path->starts_with(fmt::format("{}/", carried)))
      return refusal(
          fmt::format("{} is below {}, which would move into the new root", shown, carried), ELOOP);
  return {};
}

}  // namespace

Result<bool> check_new_root(const NewRoot& next) {
  if (auto checked = check_root(next.root); !checked) return Failure(std::move(checked.error()));
  if (!next.init.starts_with('/'))
    return refusal(printable(next.init) + " is not an absolute path", EINVAL);
  auto program = open_program(next.root, next.init);
  if (!program)
    return refusal(fmt::format("{} (in {})", program.error().text, printable(next.root)),
                   program.error().errnum);
  const auto bytes = read_open_file(program->get(), next.init.c_str(), kMostProgram);
  return bytes && bytes->find(kMark.data()) != std::string::npos;
}

}  // namespace zinit
