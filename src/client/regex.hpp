// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// POSIX extended regular expressions (regex(7)) for `logs --grep`, by libc, for UTF-8 text.
#pragma once

#include <regex.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

class Regex {
 public:
  /// The error says what is wrong with `expression`, in libc's words.
  [[nodiscard]] static Result<Regex> compile(const std::string& expression);

  /// Whether the expression matches anywhere in `text`.
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  using Compiled = std::unique_ptr<regex_t, void (*)(regex_t*)>;
  explicit Regex(Compiled compiled) : compiled_(std::move(compiled)) {}

  Compiled compiled_;
};

}  // namespace zinit
