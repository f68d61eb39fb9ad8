// Reads the keys of one section by the table of keys: known keys are checked and stored, unknown
// ones are reported with the nearest known key. Also checks whether keys contradict each other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"

namespace zinit {

class SectionReader {
 public:
  /// `findings` outlives the reader.
  SectionReader(Destination destination, Findings& findings)
      : destination_(destination), findings_(findings) {}

  /// Reads all keys of `section`. A wrong value is reported and not stored.
  void read(std::string_view section, const Value& table);

  /// Whether the key was there, with a valid value.
  [[nodiscard]] bool stored(std::string_view section, std::string_view name) const;

  /// Reports an unknown section and what is wrong in it, if its name differs from one of ours in
  /// case alone or it is another init system's; or an unknown key outside sections.
  void unknown_section(const std::string& name, const Member& member, Severity severity);

 private:
  void unknown_key(std::string_view section, const std::string& name, const Member& member);

  Destination destination_;
  Findings& findings_;
  std::vector<const Key*> stored_;
  bool listed_ = false;  // a message has listed the known keys: they are many, and once is enough
};

// contradictions.cpp
/// Adds to `findings` an error for each contradiction in `document`, and a warning for each key
/// that has no effect beside another one. `reader` has read all sections into `spec`, which is a
/// service, not a target, and has its defaults. Any thread.
void find_contradictions(const Value& document, const SectionReader& reader,
                         const ServiceSpec& spec, Findings& findings);

}  // namespace zinit
