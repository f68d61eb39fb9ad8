// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Effects of requests on services that the requests did not name, as text.
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "client/terminal.hpp"

namespace zinit {

class Others {
 public:
  /// Takes the members of an answer that name others: also_started and similar ones (control.md).
  void add(const JsonValue& answer);

  /// Removes `name`, which is reported separately.
  void leave_out(const std::string& name);

  /// A line for each kind, such as "also stopped: a, b".
  [[nodiscard]] std::string text(const Terminal& terminal) const;

 private:
  struct Kind {
    const char* member;  // in the answer
    std::string_view words;
  };
  static constexpr const char* kLeft = "left_stopped";
  static constexpr std::array<Kind, 6> kKinds = {{{"also_started", "also started:"},
                                                  {"also_stopped", "also stopped:"},
                                                  {"also_restarted", "also restarted:"},
                                                  {kLeft, "left stopped:"},
                                                  {"also_blocked", "also blocked:"},
                                                  {"also_failed", "also failed:"}}};

  static constexpr std::size_t kFirstDown = 3;  // from here on: those that did not come up

  std::array<std::set<std::string>, kKinds.size()> names_;
};

}  // namespace zinit
