// Directories to specs: list, parse in parallel, settle who has which name.
#include "config/loader.hpp"

#include "config/directory.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                         const std::string& settings_file, bool settings_named) {
  LoadedConfig loaded;
  Listing listing;
  if (!settings_file.empty()) {
    auto settings = read_settings(settings_file, settings_named, listing.findings);
    if (settings)
      loaded.settings = *std::move(settings);
    else
      listing.incomplete = settings.error();
  }
  for (const ConfigDirectory& directory : directories) list_directory(directory, listing);
  std::vector<ParsedSpec> parsed = parse_files(listing.files, loaded.settings.defaults);
  settle_names(parsed, listing.findings);
  loaded.masked = masked_names(listing.masked, parsed);
  loaded.incomplete = std::move(listing.incomplete);
  loaded.missing = std::move(listing.missing);
  for (const Diagnostic& one : listing.findings) loaded.messages.push_back(to_text(one));
  for (const ParsedSpec& spec : parsed) loaded.specs.push_back(finish(spec));
  return loaded;
}

}  // namespace zinit
