// Directories to specs: list, parse in parallel, settle who has which name.
#include "config/loader.hpp"

#include "config/directory.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

LoadedConfig load_config(std::span<const ConfigDirectory> directories,
                         const std::string& settings_file, bool settings_named) {
  LoadedConfig loaded;
  std::vector<Diagnostic> about_files;
  if (!settings_file.empty()) {
    loaded.settings = read_settings(settings_file, settings_named, about_files);
  }
  std::vector<SourceFile> files;
  for (const ConfigDirectory& directory : directories) {
    list_directory(directory, files, about_files);
  }
  std::vector<ParsedSpec> parsed = parse_files(files);
  settle_names(parsed, about_files);
  for (const Diagnostic& diagnostic : about_files) loaded.messages.push_back(to_text(diagnostic));
  for (const ParsedSpec& spec : parsed) loaded.specs.push_back(finish(spec));
  return loaded;
}

}  // namespace zinit
