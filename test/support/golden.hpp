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
//
//     CHECK_GOLDEN_ROWS("messages", [](const std::string& input) { return message_of(input); });
//     CHECK_GOLDEN_CASES("files", [](const std::string& input) { return messages_of(input); });
//
// compare what a function makes of many inputs. To add an input, write it into the golden file, and
// rewrite the file. A row is a line `INPUT => OUTPUT`; others, and those that begin with #, are
// remarks. A case is a line `== NAME`, the lines of its input, a line `--`, and the lines of its
// output.

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

inline std::string golden_text(std::string_view name, const std::string& source) {
  std::ifstream file(in_clone(source).parent_path() / (std::string(name) + ".golden"),
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The rows with what `answer` makes of their inputs; empty if there is no row.
template <class Answer>
std::string answered_rows(const std::string& rows, Answer answer) {
  static constexpr std::string_view kArrow = " => ";
  std::istringstream lines(rows);
  std::string all;
  bool any = false;
  for (std::string line; std::getline(lines, line);) {
    const auto at = line.starts_with('#') ? line.npos : line.find(kArrow);
    any |= at != line.npos;
    if (at != line.npos) line.replace(at + kArrow.size(), line.npos, answer(line.substr(0, at)));
    all += line + "\n";
  }
  return any ? all : std::string();
}

/// The cases with what `answer` makes of their inputs; empty if there is no case.
template <class Answer>
std::string answered_cases(const std::string& cases, Answer answer) {
  std::istringstream lines(cases);
  std::string all, input;
  bool any = false, in_input = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ")) {
      all += line + "\n";
      in_input = true;
      input.clear();
    } else if (in_input && line == "--") {
      all += input + "--\n" + answer(input);
      any = true;
      in_input = false;
    } else if (in_input) {
      input += line + "\n";
    }
  }
  return any ? all : std::string();
}

}  // namespace zinit::test

/// Fails if the text is not that of NAME.golden beside this source.
#define CHECK_GOLDEN(text, name)                                                          \
  do {                                                                                    \
    const std::string golden_file = zinit::test::golden_difference(text, name, __FILE__); \
    CHECK(golden_file == "");                                                             \
  } while (false)

/// Fails if `answer` makes anything else of the inputs in NAME.golden, or if the file has none.
#define CHECK_GOLDEN_ROWS(name, answer)                                               \
  do {                                                                                \
    const std::string golden_rows =                                                   \
        zinit::test::answered_rows(zinit::test::golden_text(name, __FILE__), answer); \
    REQUIRE(golden_rows != "");                                                       \
    CHECK_GOLDEN(golden_rows, name);                                                  \
  } while (false)
#define CHECK_GOLDEN_CASES(name, answer)                                               \
  do {                                                                                 \
    const std::string golden_cases =                                                   \
        zinit::test::answered_cases(zinit::test::golden_text(name, __FILE__), answer); \
    REQUIRE(golden_cases != "");                                                       \
    CHECK_GOLDEN(golden_cases, name);                                                  \
  } while (false)
