// Bounded reading of foreign files: see reader.hpp.
#include "import/reader.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/source_text.hpp"
#include "config/spec_reader.hpp"

namespace zinit {

std::optional<std::string> read_source(const std::string& path, Imported& to) {
  auto raw = read_file(path.c_str(), kMaxFileBytes);
  if (!raw) {
    to.faults.push_back({path, raw.error().text});
    return std::nullopt;
  }
  auto text = clean_source(*raw);
  if (!text) {
    to.faults.push_back(
        {path, fmt::format("is no text: line {}, column {}: {}", text.error().at.line,
                           text.error().at.column, text.error().text)});
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<std::string> read_if_there(const std::string& path, Imported& to) {
  return path_exists(path) ? read_source(path, to) : std::nullopt;
}

std::vector<std::string> names_in_directory(const std::string& path) {
  constexpr std::size_t most = 10000;
  std::vector<std::string> names;
  const UniqueDirectory open(::opendir(path.c_str()));
  while (open) {
    const dirent* const entry = ::readdir(open.get());
    if (entry == nullptr || names.size() == most) break;
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::ranges::sort(names);
  return names;
}

bool is_directory_path(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::string_view first_line(std::string_view text) { return trim(text.substr(0, text.find('\n'))); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace zinit
