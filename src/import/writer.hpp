// Writes drafts as service files.
#pragma once

#include <string>

#include "import/draft.hpp"

namespace zinit {

/// The draft as the text of a service file: keys in the order of zinit.toml(5), and what was left
/// as comments, each with its reason.
[[nodiscard]] std::string text_of_draft(const Draft& draft);

/// `Key=value` as the other init has it, on one line.
[[nodiscard]] std::string shown_setting(const Setting& setting);

}  // namespace zinit
