// Global settings: the keys without a section of the table of keys.
#include "config/settings.hpp"

#include <cerrno>

#include "base/fd.hpp"
#include "config/section_reader.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

GlobalSettings parse_settings(std::string_view text, const std::string& path,
                              std::vector<Diagnostic>& diagnostics) {
  GlobalSettings settings;
  std::vector<Diagnostic> found;
  Findings findings{path, found};
  if (auto document = read_toml(text)) {
    SectionReader(Destination{nullptr, &settings}, findings).read("", *document);
  } else {
    findings.add(Severity::error, document.error().at, {}, std::move(document.error().text));
  }
  sort_by_place(found);
  diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  return settings;
}

GlobalSettings read_settings(const std::string& path, bool named,
                             std::vector<Diagnostic>& diagnostics) {
  const auto text = read_file(path.c_str(), kMaxFileBytes);
  if (text) return parse_settings(*text, path, diagnostics);
  if (text.error().errnum != ENOENT || named) {
    diagnostics.push_back({path, {}, Severity::error, {}, text.error().text});
  }
  return {};
}

}  // namespace zinit
