// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Golden files: long texts that a test expects, each in a file beside the test's source. A reader
// sees such a text as a user does, and a change of it in a diff.
//
//     CHECK_GOLDEN(help_of("list"), "help-list");
//
// compares with help-list.golden. With ZINIT_TEST_REWRITE=1 the file is written in place of the
// comparison; read the diff before you commit it. A text must be the same on each machine: replace
// pids, times and temporary paths before.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "support/catch.hpp"

namespace zinit::test {

/// The file of that name as seen from the root of the clone, to which the names of sources are
/// relative; test programs lie in build/MODE below it. Programs that lie elsewhere find the file
/// from the working directory. @return  an empty path if there is no such file
inline std::filesystem::path in_clone(const std::filesystem::path& name) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  for (fs::path below : {fs::read_symlink("/proc/self/exe", ignored), fs::absolute("x", ignored)}) {
    while (below.has_relative_path()) {
      below = below.parent_path();
      if (fs::exists(below / name, ignored)) return (below / name).lexically_normal();
    }
  }
  return {};
}

/// The first lines in which two texts differ, with those that `expected` has there, at most five of
/// each; empty if the texts are the same.
inline std::string first_difference(const std::string& expected, const std::string& actual) {
  if (expected == actual) return {};
  std::istringstream want(expected), got(actual);
  std::string want_line, got_line, wanted, found;
  int line = 0, shown = 0;
  for (bool more = true; more && shown < 5;) {
    const bool wants = !std::getline(want, want_line).fail();
    const bool has = !std::getline(got, got_line).fail();
    more = wants || has;
    if (shown == 0) ++line;
    if (shown == 0 && wants == has && want_line == got_line && more) continue;
    ++shown;
    if (wants) wanted += "\n-" + want_line;
    if (has) found += "\n+" + got_line;
  }
  if (wanted == found) return "the newline at the end";
  return "line " + std::to_string(line) + ":" + wanted + found;
}

inline bool rewrites_golden_files() { return std::getenv("ZINIT_TEST_REWRITE") != nullptr; }

/// Compares a text with a golden file, or writes the file.
/// @param source  the test's own file: __FILE__.
/// @return        empty if they are the same; else what differs and how to rewrite the file
inline std::string golden_difference(const std::string& text, std::string_view name,
                                     const std::string& source,
                                     bool rewrite = rewrites_golden_files()) {
  const auto test = in_clone(source);
  if (test.empty()) return "cannot find " + source + ": run the test in its clone";
  const auto path = test.parent_path() / (std::string(name) + ".golden");
  if (rewrite) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (file << text << std::flush) return {};
    return "cannot write " + path.string();
  }
  std::ifstream file(path, std::ios::binary);
  const std::string golden{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::string differs = first_difference(golden, text);
  if (file.is_open() && differs.empty()) return {};
  return path.string() + (file.is_open() ? " differs" : " is not there") +
         " (ZINIT_TEST_REWRITE=1 writes it), " + differs;
}

}  // namespace zinit::test

/// Fails if the text is not that of NAME.golden beside this source.
#define CHECK_GOLDEN(text, name)                                                          \
  do {                                                                                    \
    const std::string golden_file = zinit::test::golden_difference(text, name, __FILE__); \
    CHECK(golden_file == "");                                                             \
  } while (false)
