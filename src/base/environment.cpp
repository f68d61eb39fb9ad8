// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Environments. See environment.hpp.
#include "base/environment.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"

namespace zinit {

bool is_variable_name(std::string_view text) {
  const auto word = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::all_of(text.begin(), text.end(), word);
}

std::string session_runtime_dir(unsigned uid) { return fmt::format("/run/user/{}", uid); }

std::string fallback_runtime_dir(unsigned uid) { return fmt::format("/tmp/zinit-{}", uid); }

namespace {

std::string_view key_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

bool blank(char c) { return c == ' ' || c == '\t'; }

struct Quoted {
  std::string inside;
  std::size_t length = 0;  // with the quotes
};

/// The text in the quotes at the beginning of `text`; nothing if they are not closed.
std::optional<Quoted> read_quoted(std::string_view text) {
  const char quote = text.front();
  Quoted read;
  std::size_t at = 1;
  for (; at < text.size() && text[at] != quote; ++at) {
    if (quote == '"' && text.substr(at).starts_with("\\\n")) {
      ++at;
      continue;
    }
    const bool escapes = quote == '"' && text[at] == '\\' && at + 1 < text.size() &&
                         std::string_view("\"\\$`").find(text[at + 1]) != std::string_view::npos;
    if (escapes) ++at;
    read.inside += text[at];
  }
  if (at >= text.size()) return std::nullopt;
  read.length = at + 1;
  return read;
}

/// The end of the line in which `at` lies.
std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

/// The value that begins at `at`, after the equals sign. `end` becomes the end of its last line. As
/// in a shell, a # begins a comment only after a blank: a value such as a colour may contain a #.
/// Nothing if an opening quote is never closed, or is closed in another line with more text after
/// it; `end` is then the end of the first line.
std::optional<std::string> value_at(std::string_view text, std::size_t at, std::size_t& end) {
  end = line_end(text, at);
  const std::string_view raw = text.substr(at, end - at);
  const std::string_view line = trim(raw);
  if (line.starts_with('"') || line.starts_with('\'')) {
    const auto begin = static_cast<std::size_t>(line.data() - text.data());
    auto quoted = read_quoted(text.substr(begin));
    if (!quoted) return std::nullopt;
    const std::size_t behind = begin + quoted->length;
    const std::size_t last = line_end(text, behind);
    const std::string_view more = text.substr(behind, last - behind);
    const bool all = trim(more).empty() || (blank(more.front()) && trim(more).front() == '#');
    if (all) {
      end = last;
      return std::move(quoted->inside);
    }
    if (behind > end) return std::nullopt;
  }
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool after_blank = i > 0 ? blank(line[i - 1]) : blank(raw.front());
    if (line[i] == '#' && after_blank) return std::string(trim(line.substr(0, i)));
  }
  return std::string(line);
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

// Sorts the indexes by key and then by position, so that a key's first variable is followed by its
// later ones.
void set_environment(Environment& environment, Environment later) {
  const std::size_t earlier = environment.size();
  for (std::string& entry : later) {
    if (entry.find('=') != std::string::npos) environment.push_back(std::move(entry));
  }
  std::vector<std::uint32_t> places(environment.size());
  std::iota(places.begin(), places.end(), 0U);
  sort_numbers(places, [&](std::uint32_t a, std::uint32_t b) {
    return key_of(environment[a]) <=> key_of(environment[b]);
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

void remove_from(Environment& environment, const std::vector<std::string_view>& keys) {
  if (keys.empty()) return;
  std::erase_if(environment, [&](const std::string& entry) {
    return std::ranges::binary_search(keys, key_of(entry));
  });
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
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  constexpr std::string_view exported = "export ";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  EnvironmentText read;
  int number = 1;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
    end = line_end(text, at);
    std::string_view line = trim(text.substr(at, end - at));
    if (line.starts_with(exported)) line = trim(line.substr(exported.size()));
    const std::string_view key = key_of(line);
    if (!line.empty() && !line.starts_with('#')) {
      std::optional<std::string> value;
      if (key.size() < line.size() && is_variable_name(key)) {
        const auto behind = static_cast<std::size_t>(key.data() - text.data()) + key.size() + 1;
        value = value_at(text, behind, end);
      }
      if (value && value->find('\0') == std::string::npos) {
        read.settings.push_back(fmt::format("{}={}", key, *value));
      } else {
        if (read.faulty.size() < kMostFaulty) read.faulty.push_back(number);
        ++read.faulty_count;
      }
    }
    number += static_cast<int>(std::ranges::count(text.substr(at, end - at), '\n')) + 1;
  }
  return read;
}

std::string_view expansion_in(std::string_view value) {
  for (std::size_t at = value.find('$'); at < value.size(); at = value.find('$', at + 1)) {
    const std::string_view name = value.substr(at + 1);
    if (name.empty()) break;
    if (name.front() != '{' && name.front() != '_' &&
        std::isalpha(static_cast<unsigned char>(name.front())) == 0)
      continue;
    std::size_t length = name.front() == '{' ? 1 : 0;
    while (length < name.size() &&
           (std::isalnum(static_cast<unsigned char>(name[length])) != 0 || name[length] == '_'))
      ++length;
    if (name.front() == '{' && length < name.size()) ++length;
    return value.substr(at, length + 1);
  }
  return {};
}

}  // namespace zinit
