// Reads the keys of one section by the table of keys: what is known is checked and stored, what is
// not is told with the nearest that is.
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

  /// All keys of `section`; of a wrong value nothing is stored.
  void read(std::string_view section, const Value& table);

  /// Whether the key was there, and right.
  [[nodiscard]] bool stored(std::string_view section, std::string_view name) const;

  /// Tells that a service file has no such section, or key outside sections.
  void unknown_section(const std::string& name, const Member& member, Severity severity);

 private:
  void unknown_key(std::string_view section, const std::string& name, const Member& member);

  Destination destination_;
  Findings& findings_;
  std::vector<const Key*> stored_;
};

}  // namespace zinit
