// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks up other init systems' keys and sections in their table (foreign_words.cpp).
#include "config/foreign_keys.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"

namespace zinit {

namespace {

/// The name in lower case, without separators of words.
std::string plain_name(std::string_view name) {
  std::string plain = lower(name);
  std::erase_if(plain, [](char c) { return c == '-' || c == '_' || c == '.'; });
  return plain;
}

/// The meaning of a row of the table.
ForeignMeaning meaning_of(const ForeignWord& word) {
  const std::size_t dot = word.ours.find('.');
  if (dot == std::string_view::npos) return {nullptr, word.ours, word.remark};
  return {find_key(word.ours.substr(0, dot), word.ours.substr(dot + 1)), word.ours, word.remark};
}

/// The key of this section (of any section if empty) with the same plain name; null if there is
/// none.
const Key* same_name(std::string_view section, std::string_view plain) {
  const auto all = all_keys();
  const auto found = std::ranges::find_if(all, [&](const Key& key) {
    return !key.section.empty() && (section.empty() || key.section == section) &&
           plain_name(key.name) == plain;
  });
  return found == all.end() ? nullptr : &*found;
}

ForeignMeaning meaning_of(const Key& key, std::string_view remark = {}) {
  return {&key, key.name, remark};
}

/// systemd's checks before a start. Their names begin with these words.
ForeignMeaning condition(std::string_view plain) {
  for (const std::string_view begin : {"condition", "assert"}) {
    if (!plain.starts_with(begin) || plain == begin) continue;
    const std::string_view rest = plain.substr(begin.size());
    const Key* key = same_name("condition", rest == "pathismountpoint" ? "pathismount" : rest);
    return key != nullptr
               ? meaning_of(*key)
               : meaning_of(*find_key("condition", "exec"), ", a command that looks at it");
  }
  return {};
}

/// A limit with a prefix that another init system uses.
ForeignMeaning limit(std::string_view plain) {
  for (const std::string_view begin : {"limit", "rlimit"}) {
    if (!plain.starts_with(begin)) continue;
    const std::string_view rest = plain.substr(begin.size());
    const std::string_view name = rest == "addrspace" ? "as" : rest;
    if (const Key* key = find_key("limits", name)) return meaning_of(*key);
  }
  return {};
}

}  // namespace

std::string ForeignMeaning::advice(std::string_view in) const {
  if (!known()) return {};
  if (ours == kAdvice) return std::string(remark);
  if (ours == kNoSuchKey) return fmt::format("zinit has no such thing: {}", remark);
  return fmt::format("write \"{}\"{}{}", key->name,
                     key->section == in ? std::string() : fmt::format(" in [{}]", key->section),
                     remark);
}

ForeignMeaning foreign_meaning(std::string_view section, std::string_view name) {
  const std::string plain = plain_name(name), in = plain_name(section);
  if (const Key* key = section.empty() ? nullptr : same_name(section, plain))
    return meaning_of(*key);
  for (const ForeignWord& word : foreign_words())
    if ((word.section.empty() || word.section == in) && has_word(word.theirs, plain))
      return meaning_of(word);
  for (const auto& of_a_kind : {condition(plain), limit(plain)})
    if (of_a_kind.known()) return of_a_kind;
  const Key* key = same_name({}, plain);
  return key == nullptr ? ForeignMeaning() : meaning_of(*key);
}

std::string foreign_key(std::string_view section, std::string_view name) {
  const std::string advice = foreign_meaning(section, name).advice(section);
  return advice.empty() ? advice : "; " + advice;
}

std::string foreign_section(std::string_view name) {
  // supervisord writes a name after the kind: [program:web].
  const std::string plain = plain_name(name.substr(0, name.find(':')));
  for (const ForeignWord& word : foreign_sections())
    if (has_word(word.theirs, plain)) return "; " + meaning_of(word).advice({});
  return {};
}

std::string_view same_section(std::string_view name) {
  const auto sections = known_sections();
  const auto found = std::ranges::find(sections, plain_name(name));
  return found == sections.end() ? std::string_view() : *found;
}

}  // namespace zinit
