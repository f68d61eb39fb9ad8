// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The base of every service's environment: see environment.hpp.
#include "config/environment.hpp"

#include <unistd.h>

#include "base/format.hpp"

namespace zinit {

Environment own_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    environment.emplace_back(*entry);
  return environment;
}

Environment base_environment(std::string_view etc_environment, const Environment& own) {
  const Environment base{fmt::format("PATH={}", kDefaultPath)};
  return overlay(overlay(base, parse_environment_text(etc_environment).settings), own);
}

}  // namespace zinit
