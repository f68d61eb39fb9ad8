// Environments as lists of KEY=value: reading, laying one over another.
#include "init/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace zinit {

namespace {

bool is_key(std::string_view text) {
  const auto word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::all_of(text.begin(), text.end(), word);
}

std::string_view unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != value.back()) return value;
  if (value.front() != '"' && value.front() != '\'') return value;
  return value.substr(1, value.size() - 2);
}

std::string_view key_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

}  // namespace

Environment own_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    environment.emplace_back(*entry);
  return environment;
}

Environment parse_environment_file(std::string_view text) {
  constexpr std::string_view exported = "export ";
  Environment environment;
  for (const std::string_view raw : split(text, '\n')) {
    std::string_view line = trim(raw);
    if (line.starts_with(exported)) line = trim(line.substr(exported.size()));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || !is_key(line.substr(0, equals))) continue;
    environment.push_back(
        fmt::format("{}={}", line.substr(0, equals), unquoted(trim(line.substr(equals + 1)))));
  }
  return environment;
}

Environment overlay(const Environment& earlier, const Environment& later) {
  Environment both = earlier;
  for (const std::string& entry : later) {
    const auto same = std::find_if(both.begin(), both.end(), [&](const std::string& other) {
      return key_of(other) == key_of(entry);
    });
    if (same != both.end())
      *same = entry;
    else
      both.push_back(entry);
  }
  return both;
}

Environment base_environment(std::string_view etc_environment, const Environment& own) {
  const Environment base{fmt::format("PATH={}", kDefaultPath)};
  return overlay(overlay(base, parse_environment_file(etc_environment)), own);
}

}  // namespace zinit
