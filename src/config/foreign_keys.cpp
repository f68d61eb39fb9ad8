// Finds other init systems' keys and sections in their table (foreign_words.cpp).
#include "config/foreign_keys.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "config/keys.hpp"

namespace zinit {

namespace {

/// In lower case and without what separates words.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (c != '-' && c != '_' && c != '.')
      plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return plain;
}

/// Whether `word` is one of `words`. Each unknown key is looked for in all rows, so nothing is
/// allocated.
bool has_word(std::string_view words, std::string_view word) {
  if (word.empty()) return false;
  std::size_t at = words.find(word);
  for (; at != std::string_view::npos; at = words.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' '))
      return true;
  }
  return false;
}

std::string write_words(std::string_view in, std::string_view section, std::string_view key,
                        std::string_view remark = {}) {
  return fmt::format("; write \"{}\"{}{}", key,
                     section == in ? std::string() : fmt::format(" in [{}]", section), remark);
}

/// What to do in place of a word that stands in the section `in`.
std::string instead(const ForeignWord& word, std::string_view in) {
  if (word.ours == kAdvice) return fmt::format("; {}", word.remark);
  if (word.ours == kNoSuchKey) return fmt::format("; zinit has no such thing: {}", word.remark);
  const std::size_t dot = word.ours.find('.');
  return write_words(in, word.ours.substr(0, dot), word.ours.substr(dot + 1), word.remark);
}

/// The key of this section whose name reads the same, or of any section if that is empty; null if
/// there is none.
const Key* same_name(std::string_view section, std::string_view plain) {
  const auto all = all_keys();
  const auto found = std::ranges::find_if(all, [&](const Key& key) {
    return !key.section.empty() && (section.empty() || key.section == section) &&
           plain_name(key.name) == plain;
  });
  return found == all.end() ? nullptr : &*found;
}

/// systemd's checks before a start, whose names begin with these words.
std::string condition(std::string_view in, std::string_view plain) {
  for (const std::string_view begin : {"condition", "assert"}) {
    if (!plain.starts_with(begin) || plain == begin) continue;
    const std::string_view rest = plain.substr(begin.size());
    const Key* key = same_name("condition", rest == "pathismountpoint" ? "pathismount" : rest);
    return key != nullptr ? write_words(in, key->section, key->name)
                          : write_words(in, "condition", "exec", ", a command that looks at it");
  }
  return {};
}

/// A limit with the word before it that another init system has.
std::string limit(std::string_view in, std::string_view plain) {
  for (const std::string_view begin : {"limit", "rlimit"}) {
    if (!plain.starts_with(begin)) continue;
    const std::string_view rest = plain.substr(begin.size());
    const std::string_view name = rest == "addrspace" ? "as" : rest;
    if (find_key("limits", name) != nullptr) return write_words(in, "limits", name);
  }
  return {};
}

}  // namespace

std::string foreign_key(std::string_view section, std::string_view name) {
  const std::string plain = plain_name(name), in = plain_name(section);
  if (const Key* key = section.empty() ? nullptr : same_name(section, plain))
    return write_words(section, key->section, key->name);
  for (const ForeignWord& word : foreign_words())
    if ((word.section.empty() || word.section == in) && has_word(word.theirs, plain))
      return instead(word, section);
  for (const auto& of_a_kind : {condition(section, plain), limit(section, plain)})
    if (!of_a_kind.empty()) return of_a_kind;
  const Key* key = same_name({}, plain);
  return key == nullptr ? std::string() : write_words(section, key->section, key->name);
}

std::string foreign_section(std::string_view name) {
  // supervisord writes a name behind the kind: [program:web].
  const std::string plain = plain_name(name.substr(0, name.find(':')));
  for (const ForeignWord& word : foreign_sections())
    if (has_word(word.theirs, plain)) return instead(word, {});
  return {};
}

std::string_view same_section(std::string_view name) {
  const auto sections = known_sections();
  const auto found = std::ranges::find(sections, plain_name(name));
  return found == sections.end() ? std::string_view() : *found;
}

}  // namespace zinit
