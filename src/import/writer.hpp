// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes drafts as service files.
#pragma once

#include <string>

#include "import/draft.hpp"

namespace zinit {

/// The draft as the text of a service file: keys in the order of zinit.toml(5), and settings that
/// were left as comments, each with its reason.
[[nodiscard]] std::string text_of_draft(const Draft& draft);

/// `Key=value` in the other init's notation, on one line.
[[nodiscard]] std::string shown_setting(const Setting& setting);

}  // namespace zinit
