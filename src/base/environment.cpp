// Environments: see environment.hpp.
#include "base/environment.hpp"

#include <algorithm>
#include <cctype>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

bool is_key(std::string_view text) {
  const auto word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::all_of(text.begin(), text.end(), word);
}

std::string_view key_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

bool blank(char c) { return c == ' ' || c == '\t'; }

/// Puts the text in the quotes that `text` begins with into `value`, unless something other than a
/// comment follows them. False if they are not closed.
bool read_quoted(std::string_view text, std::optional<std::string>& value) {
  const char quote = text.front();
  std::string inside;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != quote; ++at) {
    const bool escapes = quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
                         std::string_view("\"\\$`").find(text[at + 1]) != std::string_view::npos;
    if (escapes) ++at;
    inside += text[at];
  }
  if (at >= text.size()) return false;
  const std::string_view rest = text.substr(at + 1);
  if (rest.empty() || (blank(rest.front()) && trim(rest).front() == '#')) value = std::move(inside);
  return true;
}

/// `raw` is what follows the equals sign. As in a shell, a # begins a comment only after a blank:
/// it may be part of a value, such as a colour. Nothing if it begins with a quote that is not
/// closed.
std::optional<std::string> parsed_value(std::string_view raw) {
  const std::string_view text = trim(raw);
  if (text.starts_with('"') || text.starts_with('\'')) {
    std::optional<std::string> value;
    if (!read_quoted(text, value) || value) return value;
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool after_blank = at > 0 ? blank(text[at - 1]) : blank(raw.front());
    const bool comment = text[at] == '#' && after_blank;
    if (comment) return std::string(trim(text.substr(0, at)));
  }
  return std::string(text);
}

}  // namespace

std::optional<std::string> value_of(const Environment& environment, std::string_view key) {
  for (const std::string& entry : environment) {
    if (entry.size() > key.size() && entry[key.size()] == '=' && entry.starts_with(key))
      return entry.substr(key.size() + 1);
  }
  return std::nullopt;
}

void set_environment(Environment& environment, std::string_view key, std::string_view value) {
  std::string entry = std::string(key).append("=").append(value);
  const auto found = std::ranges::find_if(
      environment, [&](const std::string& each) { return key_of(each) == key; });
  if (found == environment.end())
    environment.push_back(std::move(entry));
  else
    *found = std::move(entry);
}

// Sorts the indexes by key and then by position, so that the first variable of each key is followed
// by the later ones of the same key.
void set_environment(Environment& environment, Environment later) {
  const std::size_t earlier = environment.size();
  for (std::string& entry : later) {
    if (entry.find('=') != std::string::npos) environment.push_back(std::move(entry));
  }
  std::vector<std::size_t> places(environment.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    const int order = key_of(environment[a]).compare(key_of(environment[b]));
    return order != 0 ? order < 0 : a < b;
  });
  std::vector<bool> replaced(environment.size());
  for (std::size_t at = 0, next = 0; at < places.size(); at = next) {
    const std::string_view key = key_of(environment[places[at]]);
    while (next < places.size() && key_of(environment[places[next]]) == key) ++next;
    if (next - at == 1 || places[next - 1] < earlier) continue;
    for (std::size_t i = at + 1; i < next; ++i) replaced[places[i]] = true;
    environment[places[at]] = std::move(environment[places[next - 1]]);
  }
  std::size_t place = 0;
  std::erase_if(environment, [&](const std::string&) { return replaced[place++]; });
}

std::vector<char*> execve_list(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

Environment overlay(const Environment& earlier, Environment later) {
  Environment both = earlier;
  set_environment(both, std::move(later));
  return both;
}

EnvironmentText parse_environment_text(std::string_view text) {
  constexpr std::string_view exported = "export ";
  EnvironmentText read;
  int number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with(exported)) line = trim(line.substr(exported.size()));
    const auto equals = line.find('=');
    std::optional<std::string> value;
    if (equals != std::string_view::npos && is_key(line.substr(0, equals)) &&
        line.find('\0') == std::string_view::npos)
      value = parsed_value(line.substr(equals + 1));
    if (!value) {
      if (read.faulty.size() < kMostFaulty) read.faulty.push_back(number);
      ++read.faulty_count;
      continue;
    }
    read.settings.push_back(fmt::format("{}={}", line.substr(0, equals), *value));
  }
  return read;
}

}  // namespace zinit
