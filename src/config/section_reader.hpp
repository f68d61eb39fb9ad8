// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the keys of one section by the table of keys: checks and stores known keys, and reports
// unknown ones with the nearest known key. Also finds keys that contradict each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"

namespace zinit {

class SectionReader {
 public:
  /// `findings` must outlive the reader.
  SectionReader(Destination destination, Findings& findings)
      : destination_(destination), findings_(findings) {}

  /// Reads all keys of `section`. Reports a wrong value and does not store it.
  void read(std::string_view section, const Value& table);

  /// Whether the key was given, with a valid value.
  [[nodiscard]] bool stored(std::string_view section, std::string_view name) const;

  /// Reports an unknown section, or an unknown key outside sections. If the name differs from ours
  /// only in case, or is another init system's, also reports the faults in the section.
  void unknown_section(const std::string& name, const Member& member, Severity severity);

 private:
  void unknown_key(std::string_view section, const std::string& name, const Member& member);

  Destination destination_;
  Findings& findings_;
  std::vector<const Key*> stored_;
  bool listed_ = false;  // a message has listed the many known keys, and once is enough
};

// contradictions.cpp
/// Adds to `findings` an error for each contradiction in `document`, and a warning for each key
/// without effect because of another one. `reader` has read all sections into `spec`, which is a
/// service, not a target, and has its defaults. Any thread.
void find_contradictions(const Value& document, const SectionReader& reader,
                         const ServiceSpec& spec, Findings& findings);

}  // namespace zinit
