// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Runs zinitctl with a server that gives canned answers, and keeps its output.
#pragma once

#include <initializer_list>

#include "client/commands.hpp"
#include "client/printer.hpp"
#include "support/test.hpp"
#include "unit/client/fake_server.hpp"

namespace zinit::test {

class StringPrinter : public Printer {
 public:
  explicit StringPrinter(Terminal terminal = {}) : Printer(terminal) {}
  void out(std::string_view text) override { out_ += text; }
  void err(std::string_view text) override { err_ += text; }
  Result<void> flush() override { return {}; }

  std::string out_;
  std::string err_;
};

/// Sets TZ during a scope.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    set(zone);
  }
  ~TimeZone() { before_.empty() ? unset() : set(before_.c_str()); }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  static void set(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  static void unset() {
    ::unsetenv("TZ");
    ::tzset();
  }
  std::string before_;
};

struct Ran {
  int status;
  std::string out;
  std::string err;
};

/// Runs zinitctl with these words, on a pipe or on `terminal`.
Ran run(std::vector<std::string> words, Terminal terminal = {});

/// The result of service.status_full for a service in `state`, with more members.
std::string status_json(const std::string& name, const std::string& state,
                        const std::string& more = "");
/// The member `result` of an answer.
std::string result(const std::string& json);

/// The words of a command line without quotes.
std::vector<std::string> words_of_line(const std::string& line);

/// The number of cells of the longest line.
std::size_t longest_line(const std::string& text);

inline constexpr Terminal kNarrow{true, false, 80};

/// Answers each method from a table of answers' members, such as "result":true.
class CannedServer {
 public:
  using Answers = std::map<std::string, std::string>;
  explicit CannedServer(std::initializer_list<Answers::value_type> answers)
      : CannedServer(FromMap{}, answers) {}
  struct FromMap {};
  CannedServer(FromMap, const Answers& answers);

  /// run() with this server's socket.
  Ran run(std::vector<std::string> words, Terminal terminal = {});

  /// "method params" of each request so far.
  std::vector<std::string> requests();
  [[nodiscard]] const std::string& path() const { return server_.path(); }

 private:
  FakeServer server_;
};

}  // namespace zinit::test
