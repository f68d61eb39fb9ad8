// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl explain: the meaning of a key of a service file, from the table of keys.

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/text_block.hpp"
#include "config/foreign_keys.hpp"
#include "config/keys.hpp"

namespace zinit {

namespace {

/// The keys that `word` means: KEY in any section, SECTION.KEY, or all keys of SECTION, with or
/// without brackets. An empty word means all keys. The keys of [defaults] in zinit.toml are those
/// of other sections, so only a word that names [defaults] means them.
std::vector<Key> keys_for(std::string_view word) {
  if (word.starts_with('[') && word.ends_with(']')) word = word.substr(1, word.size() - 2);
  std::vector<Key> found;
  for (Key key : all_keys()) {
    const bool meant =
        word.empty() || key.name == word || full_name(key) == word || key.section == word;
    const bool defaultable = contains(defaultable_sections(), key.section);
    key.section = meant ? key.section : kDefaultsSection;
    if (meant || (defaultable && (word == kDefaultsSection || full_name(key) == word)))
      found.push_back(key);
  }
  return found;
}

/// What to write in place of a word that is not a key.
std::string remedy(const std::string& word) {
  const auto dot = word.find('.');
  const std::string section = dot == std::string::npos ? "" : word.substr(0, dot);
  const std::string name = dot == std::string::npos ? word : word.substr(dot + 1);
  std::string foreign = foreign_key(section, name);
  if (foreign.empty()) foreign = foreign_section(word);
  if (!foreign.empty()) return foreign;
  std::vector<std::string> known;
  for (const Key& key : all_keys()) {
    known.emplace_back(key.name);
    if (!key.section.empty()) known.push_back(full_name(key));
  }
  auto near = nearest(word, known);
  if (!near) near = nearest(word + "_ms", known);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

std::string header_of(const Key& key) {
  if (key.section.empty()) return "zinit.toml";
  const bool defaults = key.section == kDefaultsSection;
  return fmt::format("[{}]{}", key.section, defaults ? " of zinit.toml" : "");
}

std::string text_of(const Terminal& terminal, const Key& key) {
  const std::string title = terminal.paint(Colour::bold, key.name) + " in " + header_of(key);
  TextBlock block(terminal);
  block.add("meaning", std::string(key.help));
  block.add("value", allowed_text(key));
  block.add("default", std::string(key.default_text));
  block.add("example", fmt::format("{} = {}", key.name, key.example));
  return title + "\n" + block.text();
}

std::string json_of_key(const Key& key) {
  return JsonParams()
      .add("section", key.section)
      .add("key", key.name)
      .add("help", key.help)
      .add("value", allowed_text(key))
      .add("default", key.default_text)
      .add("example", key.example)
      .text();
}

}  // namespace

int run_explain(VerbContext& context) {
  int status = ExitStatus::done;
  std::string json;
  std::vector<std::string>& words = context.arguments.rest;
  if (words.empty()) words.emplace_back();
  for (const std::string& word : words) {
    const std::vector<Key> keys = keys_for(word);
    if (keys.empty()) status = context.fail(ExitStatus::failed, word, "no such key" + remedy(word));
    for (const Key& key : keys) {
      if (!context.json()) context.print(text_of(context.terminal(), key));
      json.append(json.empty() ? "" : ",").append(json_of_key(key));
    }
  }
  if (context.json() && !json.empty()) context.print_json("[" + json + "]");
  return status;
}

}  // namespace zinit
